import('./assets/element-63E67XLN.js');
