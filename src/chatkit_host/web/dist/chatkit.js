import('./assets/element-JOKPQM2R.js');
