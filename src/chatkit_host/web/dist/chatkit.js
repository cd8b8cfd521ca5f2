import('./assets/element-WRFXHQVU.js');
