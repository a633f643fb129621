import { expect, test } from "vitest";
import { StreamClient } from "../../src/data/streams";
import { backoffMs } from "../../src/data/surroundings";
import { World } from "./world";

class Recorder {
  readonly heard: unknown[] = [];
  event(data: unknown): void {
    this.heard.push(data);
  }
  began(): void {
    this.heard.push("began");
  }
  ended(): void {
    this.heard.push("ended");
  }
}

function scene() {
  const world = new World();
  const streams = new StreamClient("ws://x/stream", world);
  streams.start();
  world.socket.accept();
  return { world, streams };
}

test("names wanted together are asked for together, each once", () => {
  const { world, streams } = scene();
  const [first, second] = [new Recorder(), new Recorder()];
  streams.subscribe("a@trade", first);
  streams.subscribe("b@trade", first);
  streams.subscribe("a@trade", second);
  world.pass(50);

  expect(world.socket.sent).toEqual([
    { method: "SUBSCRIBE", params: ["a@trade", "b@trade"], id: 1 },
  ]);
  world.socket.say({ result: null, id: 1 });
  world.socket.say({ stream: "a@trade", data: 7 });
  expect(first.heard).toEqual(["began", "began", 7]);
  expect(second.heard).toEqual(["began", 7]);
});

test("the last one to leave ends the stream", () => {
  const { world, streams } = scene();
  const [first, second] = [new Recorder(), new Recorder()];
  const leaveFirst = streams.subscribe("a@trade", first);
  const leaveSecond = streams.subscribe("a@trade", second);
  world.pass(50);
  world.socket.say({ result: null, id: 1 });
  leaveFirst();
  leaveFirst();
  world.pass(50);
  expect(world.socket.sent.length).toBe(1);
  leaveSecond();
  world.pass(50);

  expect(world.socket.request("UNSUBSCRIBE").params).toEqual(["a@trade"]);
});

test("leaving before the answer ends the stream after it", () => {
  const { world, streams } = scene();
  const leave = streams.subscribe("a@trade", new Recorder());
  world.pass(50);
  leave();
  world.pass(50);
  world.socket.say({ result: null, id: 1 });

  expect(world.socket.request("UNSUBSCRIBE").params).toEqual(["a@trade"]);
});

test("after a break everything wanted is asked for again", () => {
  const { world, streams } = scene();
  const listener = new Recorder();
  streams.subscribe("a@trade", listener);
  world.pass(50);
  world.socket.say({ result: null, id: 1 });
  world.socket.breakOff();
  expect(streams.state).toBe("waiting");
  world.pass(1_000);
  expect(world.sockets.length).toBe(2);
  world.socket.accept();
  expect(world.socket.request("SUBSCRIBE").params).toEqual(["a@trade"]);
  world.socket.say({ result: null, id: world.socket.request("SUBSCRIBE").id });

  expect(listener.heard).toEqual(["began", "ended", "began"]);
});

test("a server that says nothing is asked, and then left", () => {
  const { world, streams } = scene();
  world.pass(21_000);
  expect(world.socket.sent).toEqual([{ method: "LIST_SUBSCRIPTIONS", id: 0 }]);
  world.socket.say({ result: [], id: 0 });
  world.pass(10_000);
  expect(streams.state).toBe("open");
  world.pass(40_000);

  expect(world.sockets[0]?.closedWith).toBe(4000);
  expect(world.sockets.length).toBeGreaterThan(1);
});

test("attempts wait longer and longer, drawn by chance, never too long", () => {
  expect([backoffMs(0, 0), backoffMs(0, 1)]).toEqual([250, 500]);
  expect(backoffMs(3, 1)).toBe(4_000);
  expect(backoffMs(50, 1)).toBe(15_000);
});

test("a server that shuts at once is asked less and less often", () => {
  const { world } = scene();
  const openedMs: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const before = world.sockets.length;
    world.socket.breakOff();
    const fromMs = world.nowMs();
    while (world.sockets.length === before) world.pass(50);
    openedMs.push(world.nowMs() - fromMs);
    world.socket.accept();
  }
  expect(openedMs).toEqual([...openedMs].sort((a, b) => a - b));
  expect(openedMs[4]).toBeGreaterThan(4_000);
});

test("a stopped client stays away", () => {
  const { world, streams } = scene();
  streams.stop();
  world.pass(100_000);
  expect(world.sockets.length).toBe(1);
  expect(streams.state).toBe("idle");
});
