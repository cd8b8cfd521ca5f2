import { showGallery } from './gallery.ts';

const scheme = location.hash.includes('dark') ? 'dark' : 'light';
const page = new CSSStyleSheet();
page.replaceSync(`
  :root { color-scheme: ${scheme}; background: light-dark(#fff, #121418); color: light-dark(#16181d, #eceef2); font: 16px/1.5 system-ui, sans-serif; }
  main { columns: 3 460px; column-gap: 32px; padding: 16px; }
  section { break-inside: avoid; margin-block-end: 24px; }
  h1 { display: none; }
  h2 { font-size: 12px; opacity: .6; margin: 0 0 6px; }
  #prose { break-inside: auto; }
`);
const host = document.createElement('main');
document.body.append(host);
if (location.hash.includes('rtl')) document.documentElement.dir = 'rtl';
showGallery(host, scheme, location.hash.includes('rtl') ? 'ar' : 'en');
document.adoptedStyleSheets = [...document.adoptedStyleSheets, page];
