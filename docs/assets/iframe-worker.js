// The search of the site needs a worker, and browsers start none from a page that was opened as a
// file. This one runs in a hidden frame instead. (The name keeps the plugin "offline" from loading
// a script of that name from the web.)
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.window = frame.contentWindow;
      this.window.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.loaded = new Promise((resolve) => {
        const script = this.window.document.createElement("script");
        script.src = url;
        script.onload = resolve;
        this.window.document.body.appendChild(script);
      });
    }

    postMessage(data) {
      this.loaded.then(() => this.window.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.window.frameElement.remove();
    }
  };
}
