import('./assets/element-27AOE6PF.js');
