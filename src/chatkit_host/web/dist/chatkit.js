import('./assets/element-C7QXMEFI.js');
