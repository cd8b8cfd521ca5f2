import('./assets/element-URQO26FC.js');
