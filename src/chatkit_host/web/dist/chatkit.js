import('./assets/element-ZQJKNJ72.js');
