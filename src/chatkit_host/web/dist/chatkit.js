import('./assets/element-IF7WVDI6.js');
