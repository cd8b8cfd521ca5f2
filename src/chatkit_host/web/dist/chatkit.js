import('./assets/element-DGE6RFHN.js');
