import('./assets/element-CFSBVOR7.js');
