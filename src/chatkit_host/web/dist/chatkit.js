import('./assets/element-2437URJ6.js');
