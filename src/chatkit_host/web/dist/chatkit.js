import('./assets/element-ACZCAV57.js');
