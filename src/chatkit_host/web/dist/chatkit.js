import('./assets/element-BZQYY4QN.js');
