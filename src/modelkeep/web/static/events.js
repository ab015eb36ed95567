// One stream of events for all tabs of a browser: it opens six connections to a server, and streams
// would take them all. The tab that holds the lock has the stream and tells the others. Locks exist
// on HTTPS and on this machine alone; elsewhere each tab has a stream while it can be seen.

const TOPICS = ["model_event", "download_event", "task_event", "resync"];
const ENDED = ["completed", "error", "cancelled"];

// What an event may have changed: "jobs", "models", "loaded".
function changedBy({ event, data }) {
  if (event === "resync") return ["jobs", "models", "loaded"];
  if (event.startsWith("model_load") || event === "model_unloaded") return ["loaded"];
  const adds = event === "model_install_completed" || (event === "task_progress" && ENDED.includes(data.status));
  return adds ? ["jobs", "models"] : ["jobs"];
}

// Have every event told as (what it may have changed, the event).
export function listen(prefix, tell) {
  const channel = new BroadcastChannel(`modelkeep${prefix}`);
  channel.onmessage = (message) => tell(changedBy(message.data), message.data);
  const open = () => {
    const stream = new EventSource(`${prefix}/api/v1/events`);
    for (const topic of TOPICS) {
      stream.addEventListener(topic, (message) => {
        const event = JSON.parse(message.data);
        channel.postMessage(event);
        tell(changedBy(event), event);
      });
    }
    return stream;
  };
  if (navigator.locks) {
    navigator.locks.request(`modelkeep-events${prefix}`, () => new Promise(open));
    return;
  }
  let stream = null;
  const follow = () => {
    if (document.visibilityState === "visible") stream ??= open();
    else stream = (stream?.close(), null);
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}
