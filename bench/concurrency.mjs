// What many jobs at once gain: pictures a second with 8 in flight over one after the other, and what a short job waits behind
// long ones against first come, first served. Rounds are interleaved (ABBA), medians are compared.
//
//   node bench/concurrency.mjs [SIZE] [STEPS] [ROUNDS] [LANES]
//
// With 0 rounds only the waiting is measured.
import { createEngine } from 'horde-onnx'

const [size = 128, steps = 4, rounds = 4, lanes = 1] = process.argv.slice(2).map(Number)
const JOBS = 8

const job = (seed, more = {}) => ({
  model: 'pocket-sd15',
  payload: {
    prompt: 'a red circle',
    seed,
    ddim_steps: steps,
    width: size,
    height: size,
    sampler_name: 'k_euler',
    ...more,
  },
})
const draw = async (engine, request) => {
  const { state, faults } = await engine.generate(request)
  if (state !== 'ok') throw new Error(faults[0]?.message)
}
const timed = async body => {
  const since = performance.now()
  await body()
  return performance.now() - since
}
const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))]
const ms = value => `${value.toFixed(0)} ms`

const batching = await createEngine({ inFlight: JOBS, lanes })
const turns = await createEngine({ inFlight: JOBS, lanes, deterministic: true })
const serial = await createEngine({ inFlight: 1, lanes: 1 })
const seeds = Array.from({ length: JOBS }, (_, seed) => seed)
const ways = {
  'one after the other': async () => {
    for (const seed of seeds) await draw(serial, job(seed))
  },
  [`${JOBS} in flight`]: () => Promise.all(seeds.map(seed => draw(batching, job(seed)))),
  [`${JOBS} in flight, deterministic`]: () => Promise.all(seeds.map(seed => draw(turns, job(seed)))),
}
for (const way of Object.values(ways)) if (rounds > 0) await way()
const times = Object.fromEntries(Object.keys(ways).map(name => [name, []]))
for (let round = 0; round < rounds; round++) {
  const order = Object.entries(ways)
  for (const [name, way] of round % 2 === 0 ? order : order.reverse()) times[name].push(await timed(way))
}
const base = quantile(times['one after the other'], 0.5)
if (rounds > 0) console.log(`${JOBS} jobs of ${size}×${size}, ${steps} steps, ${lanes} lane(s), ${rounds} rounds`)
if (rounds > 0)
  console.table(
    Object.fromEntries(
      Object.entries(times).map(([name, list]) => [
        name,
        {
          median: ms(quantile(list, 0.5)),
          'pictures a second': +((1000 * JOBS) / quantile(list, 0.5)).toFixed(2),
          'over serial': +(base / quantile(list, 0.5)).toFixed(2),
        },
      ]),
    ),
  )

// Four long jobs, and short ones that come one by one while they run.
const behind = async engine => {
  const long = Array.from({ length: 4 }, (_, i) => draw(engine, job(100 + i, { ddim_steps: 10 * steps })))
  const latencies = []
  for (let i = 0; i < 5; i++) latencies.push(await timed(() => draw(engine, job(i, { ddim_steps: 2 }))))
  await Promise.all(long)
  return latencies
}
const [fair, fifo] = [[], []]
for (const engine of [batching, serial]) await draw(engine, job(0))
for (let round = 0; round < Math.max(1, rounds / 2); round++) {
  fair.push(...(await behind(batching)))
  fifo.push(...(await behind(serial)))
}
console.log(`a job of 2 steps behind 4 of ${10 * steps} steps`)
console.table({
  turns: { median: ms(quantile(fair, 0.5)), p95: ms(quantile(fair, 0.95)) },
  'first come, first served': { median: ms(quantile(fifo, 0.5)), p95: ms(quantile(fifo, 0.95)) },
})

const [{ scheduler }] = batching.stats().lanes
console.log(
  `the scheduler took ${((100 * scheduler.ownMs) / scheduler.busyMs).toFixed(3)}% of the lane's time; ${scheduler.requests} requests in ${scheduler.runs} runs, at most ${scheduler.most} in one`,
)
await Promise.all([batching, turns, serial].map(engine => engine.close()))
