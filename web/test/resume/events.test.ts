import { expect, test } from 'vitest';
import { EventSplitter, retryOf, sequenceOf } from '../../src/resume/events.ts';

const EVENTS = ['id: turn_1:1\ndata: {"a":"é😀\\n"}\n\n', ': ping\n\n', 'data: x\nid: turn_1:12\n\n', ': stops\nretry: 500\n\n'];
const WHOLE = new TextEncoder().encode(EVENTS.join(''));

test('events come out whole when the bytes are cut in two anywhere', () => {
  for (let at = 0; at <= WHOLE.length; at++) {
    const splitter = new EventSplitter();
    expect([...splitter.push(WHOLE.slice(0, at)), ...splitter.push(WHOLE.slice(at))]).toEqual(EVENTS);
    expect(splitter.rest).toBe('');
  }
});

test('events come out whole from single bytes, each as soon as it has ended', () => {
  const splitter = new EventSplitter();
  let sent = '';
  for (const byte of WHOLE) sent += splitter.push(new Uint8Array([byte])).join('');
  expect(sent).toBe(EVENTS.join(''));
});

test('an event that is cut off does not come out', () => {
  const splitter = new EventSplitter();
  expect(splitter.push(WHOLE.slice(0, -1))).toEqual(EVENTS.slice(0, -1));
  expect(splitter.rest).not.toBe('');
});

test('a byte order mark is kept, like every other byte', () => {
  expect(new EventSplitter().push(new Uint8Array([0xef, 0xbb, 0xbf, 0x0a, 0x0a]))).toEqual(['\ufeff\n\n']);
});

test('ids and pauses are read, and only from their own lines', () => {
  expect(EVENTS.map(sequenceOf)).toEqual([1, null, 12, null]);
  expect(EVENTS.map(retryOf)).toEqual([null, null, null, 500]);
  expect(sequenceOf('data: id: turn_1:3\n\n')).toBeNull();
  expect(retryOf('data: retry: 3\n\n')).toBeNull();
});
