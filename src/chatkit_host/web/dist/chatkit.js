import('./assets/element-LLQQAZDR.js');
