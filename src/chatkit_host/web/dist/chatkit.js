import('./assets/element-2TXB4LOB.js');
