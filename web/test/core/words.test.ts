import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { directionOf, english, loadWords } from '../../src/element/words.ts';

const languages = readdirSync(new URL('../../src/element/languages', import.meta.url)).map((name) => name.replace('.ts', ''));
const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

test('there are twelve languages beside English', () => {
  expect(languages).toEqual(['ar', 'de', 'es', 'fr', 'it', 'ja', 'ko', 'nl', 'pl', 'pt', 'ru', 'zh']);
});

describe.each(languages)('%s', (language) => {
  test('says everything, with the same places for names and numbers', async () => {
    const words = await loadWords(language);
    expect(words).not.toBe(english);
    for (const [name, text] of Object.entries(english)) {
      const said = words[name as keyof typeof english];
      expect(said.trim(), name).not.toBe('');
      expect(places(said), name).toEqual(places(text));
    }
  });
});

test('a region falls back to its language, an unknown language to English', async () => {
  expect((await loadWords('pt-BR')).send).toBe('Enviar');
  expect((await loadWords('zh-TW')).send).toBe('发送');
  expect(await loadWords('tlh')).toBe(english);
  expect([directionOf('ar-EG'), directionOf('de'), directionOf('ur')]).toEqual(['rtl', 'ltr', 'ltr']);
});
