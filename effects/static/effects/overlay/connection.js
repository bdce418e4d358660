// The websocket to the bot: it connects again by itself, and keeps reports until they can be sent.

export const FIRST_RETRY_MS = 250;
export const LAST_RETRY_MS = 2400; // with jitter 3 s: sooner than the bot gives up on an item that nobody begins
const MAX_UNSENT = 200;

export class Connection {
  constructor(address, receive) {
    this.address = address;
    this.receive = receive;
    this.socket = null;
    this.retryMs = FIRST_RETRY_MS;
    this.unsent = [];
  }

  connect = () => {
    this.socket = new WebSocket(this.address);
    this.socket.onopen = () => {
      this.retryMs = FIRST_RETRY_MS;
      const reports = this.unsent;
      this.unsent = [];
      reports.forEach((report) => this.report(report));
    };
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.socket.onclose = () => {
      // Jitter: after a restart of the bot, its overlays must not all connect at the same moment.
      setTimeout(this.connect, this.retryMs * (0.75 + Math.random() / 2));
      this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
    };
  };

  report(message) {
    if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(message));
    } else if (this.unsent.length < MAX_UNSENT) {
      this.unsent.push(message);
    }
  }
}
