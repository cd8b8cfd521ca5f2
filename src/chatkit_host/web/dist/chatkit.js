import('./assets/element-ODVFGN3E.js');
