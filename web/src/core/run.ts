/** One answer: the request for it, and its events over as many connections as they take. */
import { type Client, type EventStream, RequestError } from './client.ts';
import { type JsonRecord, type ServerEvent, isRecord, isText } from './protocol.ts';

/** What a run needs from the thread that it answers in. */
export interface RunHost {
  readonly client: Client;
  readonly pauses: Pauses;
  setPhase(phase: 'streaming' | 'reconnecting' | 'stopping'): void;
  /** `isReplay`: the user saw it before. */
  receive(event: ServerEvent, isReplay: boolean): void;
  /** The log of the turn is gone, its items are not. */
  reloadItems(run: Run): Promise<void>;
  report(error: unknown): void;
  log(name: string, data: JsonRecord): void;
}

const RECONNECT_SECONDS = 300;
const STOP_SECONDS = 5;

export class Run {
  turnId: string | null = null;
  stopAsked = false;
  /** The server has the request: from here on closing the connection loses nothing that was written. */
  isSent = false;
  /** The answer is no longer shown here. */
  isLeft = false;

  private lastEventId = '';
  /** Events up to this number were shown to the user before: their effects are not to happen again. */
  private replayedTo = 0;
  /** The server said so when it was asked: what is read afterwards is all there is. */
  private hasEnded = false;
  private readonly abort = new AbortController();
  /** Gives this connection up, not the answer. */
  private connection = new AbortController();
  /** When the stop no longer waits for the server. */
  private deadline?: ReturnType<typeof setTimeout>;

  constructor(private readonly host: RunHost) {}

  get isAborted(): boolean {
    return this.abort.signal.aborted;
  }

  /** Asks for an answer; resolves when it has ended. `accepted` is called when the server has the request. */
  ask(type: string, params: JsonRecord, accepted: () => void): Promise<void> {
    return this.follow(async () => {
      const stream = await this.request(type, params, randomKey());
      accepted();
      return stream;
    });
  }

  /** Follows an answer that was asked for elsewhere: before a reload, or in another tab. */
  join(turnId: string): Promise<void> {
    const { client } = this.host;
    this.turnId = turnId;
    return this.follow(async () => {
      const { last_event } = await client.turn(turnId, this.abort.signal);
      this.replayedTo = last_event;
      return client.follow(turnId, '0', this.connect());
    });
  }

  /** With a server that says so the stop is confirmed; elsewhere closing the connection is the stop. */
  async stop(): Promise<void> {
    if (this.stopAsked) return;
    this.stopAsked = true;
    this.host.setPhase('stopping');
    if (!this.host.client.can('cancel')) {
      this.abort.abort();
      return;
    }
    this.deadline = setTimeout(() => this.abort.abort(), STOP_SECONDS * 1000);
    if (this.turnId) await this.cancel();
  }

  /** What is being written goes on where the server allows it. */
  leave(): void {
    this.isLeft = true;
    clearTimeout(this.deadline);
    if (this.isSent || this.turnId) this.abort.abort();
  }

  /** The network is said to be gone: an open connection would be silent for a long time before it breaks. */
  connectionLost(): void {
    if (this.turnId && this.host.client.can('resume')) this.connection.abort();
  }

  private async cancel(): Promise<void> {
    try {
      await this.host.client.cancel(this.turnId as string);
    } catch (error) {
      this.host.report(error);
      this.abort.abort();
    }
  }

  private async follow(openStream: () => Promise<EventStream>): Promise<void> {
    try {
      let stream: EventStream | null = await openStream();
      this.isSent = true;
      if (this.isLeft) this.abort.abort();
      this.turnId = stream.turnId ?? this.turnId;
      if (this.stopAsked && this.turnId) void this.cancel();
      while (stream && !this.isLeft) {
        if (!this.stopAsked) this.host.setPhase('streaming');
        stream = (await this.consume(stream)) ? null : await this.reattach();
      }
    } finally {
      clearTimeout(this.deadline);
    }
  }

  /** Our server knows a repeated request by its key; any other might answer twice, so it is asked once. */
  private async request(type: string, params: JsonRecord, key: string): Promise<EventStream> {
    const { client } = this.host;
    const end = Date.now() + RECONNECT_SECONDS * 1000;
    for (let attempt = 0; ; attempt++) {
      try {
        return await client.stream({ type, params, key, signal: this.connect() });
      } catch (error) {
        const isLost = error instanceof RequestError && error.code === 'network' && client.can('idempotency');
        if (!isLost || this.stopAsked || Date.now() > end) throw error;
        if (!this.isLeft) this.host.setPhase('reconnecting');
        await this.pause(attempt);
      }
    }
  }

  /** True when the answer has ended, false when the connection did before it. */
  private async consume(stream: EventStream): Promise<boolean> {
    const canResume = this.host.client.can('resume') && this.turnId !== null;
    let received = 0;
    try {
      for await (const message of stream.messages) {
        if (this.isLeft) return true;
        received += 1;
        if (message.id) this.lastEventId = message.id;
        this.receive(message.data);
      }
    } catch (error) {
      if (stream.parser.isOver) return true;
      const isLost = error instanceof RequestError || this.connection.signal.aborted;
      if (canResume && !this.isAborted && isLost) return false;
      throw error;
    }
    if (!canResume || this.stopAsked || stream.parser.isOver || this.hasEnded) return true;
    if (received === 0) await this.look();
    return false;
  }

  /** A stream in which nothing came, not even that the answer is over. */
  private async look(): Promise<void> {
    try {
      const { status } = await this.host.client.turn(this.turnId as string, this.abort.signal);
      this.hasEnded = status !== 'running' && status !== 'queued';
    } catch (error) {
      if (!(error instanceof RequestError) || error.isFinal) throw error;
    }
  }

  private receive(data: string): void {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      this.host.log('stream.unreadable', { length: data.length });
      return;
    }
    if (!isRecord(event) || !isText(event.type)) return;
    const isReplay = this.replayedTo > 0 && Number(this.lastEventId.split(':').at(-1)) <= this.replayedTo;
    this.host.receive(event as ServerEvent, isReplay);
  }

  private async reattach(): Promise<EventStream | null> {
    const { host } = this;
    host.setPhase('reconnecting');
    host.log('stream.reconnect', { turn: this.turnId });
    const end = Date.now() + RECONNECT_SECONDS * 1000;
    for (let attempt = 0; ; attempt++) {
      await this.pause(attempt);
      if (this.isLeft) return null;
      try {
        return await host.client.follow(this.turnId as string, this.lastEventId || '0', this.connect());
      } catch (error) {
        if (this.isAborted) throw error;
        if (error instanceof RequestError && (error.status === 410 || error.status === 404)) {
          await host.reloadItems(this);
          return null;
        }
        if (!(error instanceof RequestError) || error.isFinal || Date.now() > end) throw error;
      }
    }
  }

  private pause(attempt: number): Promise<void> {
    return this.host.pauses.wait(attempt, this.abort.signal);
  }

  /** A new connection, which ends with the run or on its own. */
  private connect(): AbortSignal {
    this.connection = new AbortController();
    return AbortSignal.any([this.abort.signal, this.connection.signal]);
  }
}

/** The time between two attempts to reach the server. */
export class Pauses {
  private wake: (() => void) | null = null;

  /** At once the first time, then 0.5, 1, 2, 4, 5 ... seconds; shorter when the network is said to be back. */
  wait(attempt: number, signal: AbortSignal): Promise<void> {
    const seconds = attempt === 0 ? 0.1 : Math.min(5, 2 ** (attempt - 2));
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(finish, seconds * 1000);
      signal.addEventListener('abort', finish, { once: true });
      this.wake = finish;
    });
  }

  end(): void {
    this.wake?.();
  }
}

/** Not `crypto.randomUUID`, which pages without TLS do not have. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
