import('./assets/element-3HQL2T7X.js');
