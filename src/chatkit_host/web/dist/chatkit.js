import('./assets/element-ZNI4NAXM.js');
