import('./assets/element-XADLTUTQ.js');
