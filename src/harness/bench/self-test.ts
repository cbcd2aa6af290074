/** Shows on this machine, as noisy as it is, that the bench calls what is slower slower, and what is not not. */
import type { Backend } from '../../backends/backend.js'
import { type DecisionRules, decide, type Pair, wantsMore } from './decide.js'
import { measure, spentOn } from './measure.js'
import { seededRandom } from './random.js'
import type { Decision } from './speed-schema.js'

export interface SelfTestOptions {
  backend: Backend
  payload: { id: string; text: string; steps: number }
  /** Live benches of each kind. @default 20 */
  benches?: number
  /** Simulated benches. @default 1000 */
  simulations?: number
  /** Pairs of a bench. @default 8 */
  pairs?: number
  rules: Required<Omit<DecisionRules, 'doubled'>>
  onProgress?: (what: string) => void
  signal?: AbortSignal | undefined
}

export interface SelfTest {
  /** How many live benches of a planted slowdown of 15 % said slower. */
  planted: { slowdown: number; benches: number; slower: number }
  /** How many live benches of a backend with itself said slower or faster. */
  nothing: { benches: number; slower: number; faster: number }
  /** How many simulated benches of 8 % said slower: they are drawn from the pairs of the null benches. */
  simulated: { slowdown: number; benches: number; slower: number; fromPairs: number }
  /** The like without a slowdown. */
  simulatedNothing: { benches: number; slower: number; faster: number }
  /** Standard deviation of a pair's logarithmic ratio: the noise. */
  noise: number
  pairs: Pair[]
}

export async function selfTest(options: SelfTestOptions): Promise<SelfTest> {
  const {
    backend,
    payload,
    benches = 20,
    simulations = 1000,
    pairs = 8,
    rules,
    onProgress = () => {},
    signal,
  } = options
  const slow = slowedDown(backend, 1.15)
  const counts = { planted: 0, slower: 0, faster: 0 }
  const recorded: Pair[] = []
  for (let i = 0; i < benches; i++) {
    const common = { payload, pairs, ...rules, seed: rules.seed + i, signal }
    const planted = await measure({ candidate: slow, baseline: backend, ...common })
    const same = await measure({ candidate: backend, baseline: backend, ...common })
    if (planted.decision?.verdict === 'slower') counts.planted++
    if (same.decision?.verdict === 'slower') counts.slower++
    if (same.decision?.verdict === 'faster') counts.faster++
    recorded.push(...same.pairs)
    onProgress(`bench ${i + 1} of ${benches}: planted ${planted.decision?.reason}; nothing ${same.decision?.reason}`)
  }
  const slower = simulate(recorded, { slowdown: 1.08, benches: simulations, pairs, rules })
  const none = simulate(recorded, { slowdown: 1, benches: simulations, pairs, rules })
  const count = (decisions: readonly Decision[], verdict: Decision['verdict']) =>
    decisions.filter(decision => decision.verdict === verdict).length
  const logs = recorded.map(({ baseline, candidate }) => Math.log(candidate / baseline))
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length
  return {
    planted: { slowdown: 1.15, benches, slower: counts.planted },
    nothing: { benches, slower: counts.slower, faster: counts.faster },
    simulated: { slowdown: 1.08, benches: simulations, slower: count(slower, 'slower'), fromPairs: recorded.length },
    simulatedNothing: { benches: simulations, slower: count(none, 'slower'), faster: count(none, 'faster') },
    noise: Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, logs.length - 1)),
    pairs: recorded,
  }
}

export interface Simulation {
  slowdown: number
  benches: number
  pairs: number
  rules: Required<Omit<DecisionRules, 'doubled'>>
}

/** Benches made of pairs that were recorded while nothing differed, drawn with replacement, the candidate's times stretched. */
export function simulate(recorded: readonly Pair[], { slowdown, benches, pairs, rules }: Simulation): Decision[] {
  const random = seededRandom(rules.seed)
  const draw = (count: number): Pair[] =>
    Array.from({ length: count }, () => {
      const { baseline, candidate } = recorded[Math.floor(random() * recorded.length)] ?? { baseline: 1, candidate: 1 }
      // Who came first is chance: what drift there was must not favour either.
      return random() < 0.5
        ? { baseline, candidate: candidate * slowdown }
        : { baseline: candidate, candidate: baseline * slowdown }
    })
  return Array.from({ length: benches }, () => {
    const taken = draw(pairs)
    let decision = decide([taken], rules)
    while (wantsMore(decision, { taken: taken.length, wanted: pairs, spentMs: spentOn(taken) })) {
      taken.push(...draw(taken.length))
      decision = decide([taken], { ...rules, doubled: true })
    }
    return decision
  })
}

/** A backend that takes `factor` times as long: it draws, and then waits. */
export function slowedDown(backend: Backend, factor: number): Backend {
  return {
    ...backend,
    generate(payload, options) {
      const since = performance.now()
      const handle = backend.generate(payload, options)
      const late = handle.then(async generation => {
        const took = performance.now() - since
        await new Promise(resolve => setTimeout(resolve, took * (factor - 1)))
        return generation
      })
      return {
        id: handle.id,
        cancel: mode => handle.cancel(mode),
        // biome-ignore lint/suspicious/noThenProperty: a handle is awaited for its generation
        then: (resolve, reject) => late.then(resolve, reject),
        [Symbol.asyncIterator]: () => handle[Symbol.asyncIterator](),
      }
    },
  }
}
