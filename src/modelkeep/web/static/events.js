// One stream of events for all tabs of a browser: it opens six connections to a server, and streams
// would take them all. The tab that holds the lock has the stream and tells the others. Locks exist
// on HTTPS and on this machine alone; elsewhere each tab has a stream while it can be seen. A page
// names the last event before it was made, and every tab remembers what it saw: nothing is missed
// while a page loads, another tab takes over, or the server starts again.

const TOPICS = ["model_event", "download_event", "task_event", "job_event", "resync"];
// Each may have changed models, also where it did not succeed.
const CHANGES_MODELS = /^(model_install_completed|task_(completed|error|cancelled))$/;
// Milliseconds until a stream is asked for again that was refused.
const PAUSE = 5000;

// What an event may have changed: "jobs", "models", "loaded".
function changedBy({ event }) {
  if (event === "resync") return ["jobs", "models", "loaded"];
  if (event.startsWith("model_load") || event === "model_unloaded") return ["loaded"];
  return CHANGES_MODELS.test(event) ? ["jobs", "models"] : ["jobs"];
}

// Have every event told as (what it may have changed, the event).
export function listen({ prefix, events }, tell) {
  const channel = new BroadcastChannel(`modelkeep${prefix}`);
  let seen = events;
  let stream = null;

  function pass(event, id) {
    seen = id;
    tell(changedBy(event), event);
  }

  function open() {
    stream = new EventSource(`${prefix}/api/v1/events?after=${encodeURIComponent(seen)}`);
    for (const topic of TOPICS) {
      stream.addEventListener(topic, (message) => {
        const event = JSON.parse(message.data);
        channel.postMessage({ event, id: message.lastEventId });
        pass(event, message.lastEventId);
      });
    }
    stream.addEventListener("error", ({ target }) => {
      if (target.readyState === EventSource.CLOSED) setTimeout(() => target === stream && open(), PAUSE);
    });
  }

  channel.addEventListener("message", ({ data }) => {
    if (data.event) pass(data.event, data.id);
    else if (data.asks) stream && channel.postMessage({ id: seen });
    else if (data.id !== seen) pass({ event: "resync" }, data.id);
  });
  if (navigator.locks) {
    channel.postMessage({ asks: true });
    navigator.locks.request(`modelkeep-events${prefix}`, () => new Promise(open));
    return;
  }
  const follow = () => {
    if (document.visibilityState !== "visible") stream = (stream?.close(), null);
    else if (!stream) open();
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}
