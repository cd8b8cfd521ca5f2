import('./assets/element-OCZKJQRA.js');
