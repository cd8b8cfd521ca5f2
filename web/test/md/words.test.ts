/// <reference types="vite/client" />
import { expect, test } from 'vitest';
import { addWords, english, fill, wordsFor } from '../../src/md/words.ts';
import type { Words } from '../../src/md/words.ts';

const languages = import.meta.glob<{ words: Words }>('../../src/md/languages/*.ts', { eager: true });

const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).toSorted();

test.each(Object.entries(languages))('%s says everything and keeps the places for values', (_, { words }) => {
  expect(Object.keys(words)).toEqual(Object.keys(english));
  for (const [name, text] of Object.entries(words)) {
    expect([name, text.trim() !== '', places(text)]).toEqual([name, true, places(english[name as keyof Words])]);
  }
});

test('a locale speaks its own language, that of its language code, or English', () => {
  addWords('xx', { copy: 'Kopii' });
  expect(['xx', 'xx-YY', 'yy'].map((locale) => wordsFor(locale).copy)).toEqual(['Kopii', 'Kopii', 'Copy']);
  expect(wordsFor('xx').close).toBe('Close');
  expect(fill('{a} of {b}', { a: 1 })).toBe('1 of {b}');
});
