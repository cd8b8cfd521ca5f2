import('./assets/element-P3FLDX5U.js');
