import { describe, expect, test } from 'vitest';
import { SseParser } from '../../src/core/sse.ts';
import { randomFrom } from './random.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const STREAM = ': ping\n\nid: turn_1:1\ndata: {"a":"é😀"}\n\n:x\ndata: one\ndata: two\nid: turn_1:2\nevent: note\n\ndata\n\nunknown: 1\n\n';
const EXPECTED = [
  { data: '{"a":"é😀"}', id: 'turn_1:1', event: 'message' },
  { data: 'one\ntwo', id: 'turn_1:2', event: 'note' },
  { data: '', id: 'turn_1:2', event: 'message' },
];

test('the end of an answer is a comment of its own', () => {
  const parser = new SseParser();
  parser.push(bytes(': ping\n\n: ending\n\ndata: : end\n\n: en'));
  expect(parser.isOver).toBe(false);
  expect(parser.push(bytes('d\n\n'))).toEqual([]);
  expect(parser.isOver).toBe(true);
});

describe.each([
  ['\\n', '\n'],
  ['\\r\\n', '\r\n'],
  ['\\r', '\r'],
])('lines that end in %s', (_, end) => {
  const whole = bytes(STREAM.replaceAll('\n', end));

  test('are read whole', () => {
    expect(new SseParser().push(whole)).toEqual(EXPECTED);
  });

  test('are read when cut in two at any byte', () => {
    for (let at = 0; at <= whole.length; at++) {
      const parser = new SseParser();
      expect([...parser.push(whole.slice(0, at)), ...parser.push(whole.slice(at))]).toEqual(EXPECTED);
    }
  });

  test('are read byte by byte', () => {
    const parser = new SseParser();
    expect([...whole].flatMap((byte) => parser.push(new Uint8Array([byte])))).toEqual(EXPECTED);
  });
});

test('any cuts of mixed line ends give the same messages', () => {
  const random = randomFrom(7);
  for (let round = 0; round < 500; round++) {
    const ends = ['\n', '\r\n', '\r'];
    const text = STREAM.replaceAll('\n', () => ends[Math.floor(random() * 3)] as string);
    const whole = bytes(text);
    const expected = new SseParser().push(whole);
    const parser = new SseParser();
    const found = [];
    for (let at = 0; at < whole.length; ) {
      const next = at + Math.floor(random() * 6);
      found.push(...parser.push(whole.slice(at, next)));
      at = next;
    }
    expect(found).toEqual(expected);
  }
});

test('a message that is cut off by the end of the stream is not given out', () => {
  expect(new SseParser().push(bytes('data: half\n'))).toEqual([]);
});
