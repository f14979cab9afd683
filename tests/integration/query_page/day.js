// A day of the page's own timers, one after the other: each is run when its turn comes, and the
// next only after what it asked the service for has come. `Date` stays real: ages are those of
// the lake. Put into the document before the page's scripts.
(() => {
  const own = { setTimeout: window.setTimeout.bind(window), fetch: window.fetch.bind(window) };
  const timers = new Map();
  let nowMs = 0;
  let last = 0;
  let asking = 0;

  const add = (call, ms, everyMs) => {
    timers.set(++last, { call, at: nowMs + Math.max(1, Number(ms) || 0), everyMs });
    return last;
  };
  window.setTimeout = (call, ms, ...given) => add(() => call(...given), ms, null);
  window.setInterval = (call, ms, ...given) => add(() => call(...given), ms, Math.max(1, Number(ms) || 0));
  window.clearTimeout = window.clearInterval = (id) => void timers.delete(id);
  window.fetch = (...given) => {
    asking += 1;
    return own.fetch(...given).finally(() => { asking -= 1; });
  };

  const turn = () => new Promise((done) => own.setTimeout(done, 0));
  /** Until nothing is being asked, and what was answered has been read and drawn. */
  const settle = async () => {
    for (let quiet = 0; quiet < 3; quiet = asking ? 0 : quiet + 1) await turn();
  };

  window.ofTheDay = {
    settle,
    /** Runs the timers of so many milliseconds; how many ran. */
    async pass(ms) {
      const endMs = nowMs + ms;
      let ran = 0;
      for (;;) {
        const [id, timer] = [...timers].reduce((first, one) => (one[1].at < first[1].at ? one : first), [0, { at: Infinity }]);
        if (timer.at > endMs) break;
        nowMs = timer.at;
        if (timer.everyMs === null) timers.delete(id);
        else timer.at += timer.everyMs;
        timer.call();
        ran += 1;
        if (asking) await settle();
      }
      nowMs = endMs;
      return ran;
    },
  };
})();
