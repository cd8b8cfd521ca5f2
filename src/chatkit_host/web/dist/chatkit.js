import('./assets/element-Z7LSH72S.js');
