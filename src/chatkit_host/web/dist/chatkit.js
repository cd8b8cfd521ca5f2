import('./assets/element-F6FSKXGN.js');
