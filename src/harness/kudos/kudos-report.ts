/** Run → what it is worth: pure, so that an old run can be priced at any time. */
import { parsePayload } from '../../payload/parse.js'
import { payloadFeatures } from '../coverage/payload-features.js'
import { groupBy } from '../group-by.js'
import type { CaseResult, Run } from '../run-schema.js'
import type { KudosCase, KudosSection, Worth } from './kudos-schema.js'
import type { KudosModel } from './model.js'
import { kudosOddities } from './oddities.js'
import { type KudosPayload, kudosPayload } from './payload.js'
import { baselineOf, payloadClass } from './payload-class.js'
import { priceOf } from './price.js'
import { overTraffic, type TrafficCase, type TrafficJob } from './traffic.js'

export interface KudosReportOptions {
  model: KudosModel
  /** Another run of the same payloads. */
  against?: Run
  /** Recorded payloads: how often what is asked for. */
  traffic?: { from: string; jobs: readonly TrafficJob[] }
}

/** Prices every case that was drawn; those that ended in a fault earn nothing and are left out. */
export function kudosReport(run: Run, { model, against, traffic }: KudosReportOptions): KudosSection {
  const priced = run.cases.filter(({ state }) => state === 'ok').map(result => priceCase(result, model))
  const cases = priced.map(({ entry }) => entry)
  return {
    model: { file: model.file, sha256: model.sha256, basisSeconds: model.basisSeconds },
    cases,
    classes: [...groupBy(cases, one => one.class)].map(([name, members]) => ({ class: name, ...worth(members) })),
    mix: worth(cases),
    features: addedByFeatures(run, cases),
    oddities: kudosOddities(model, priced),
    ...(against === undefined ? {} : { against: compared(cases, against, model) }),
    ...(traffic === undefined
      ? {}
      : {
          traffic: overTraffic(trafficCases(run, { cases, against }), { ...traffic, compared: against !== undefined }),
        }),
  }
}

function trafficCases(
  run: Run,
  { cases, against }: { cases: readonly KudosCase[]; against: Run | undefined },
): TrafficCase[] {
  const payloads = new Map(run.cases.map(({ id, fixture }) => [id, fixture.payload]))
  const theirs = new Map(against?.cases.flatMap(one => (one.state === 'ok' ? [[one.id, secondsOf(one)]] : [])))
  return cases.map(one => ({
    ...one,
    features: payloadFeatures(parsePayload(payloads.get(one.id) ?? '')),
    theirs: theirs.get(one.id),
  }))
}

/** Without loading the model, which a worker does once for many jobs. */
const secondsOf = ({ timings: { total, load } }: CaseResult) => (total - load) / 1000

function priceCase(result: CaseResult, model: KudosModel): { entry: KudosCase; payload: KudosPayload } {
  const payload = kudosPayload(result.fixture.payload)
  const baseline = baselineOf(result.plan)
  const price = priceOf(payload, { model, baseline })
  const pictures = Math.max(1, result.images.length)
  const { steps } = result.timings
  const seconds = secondsOf(result)
  const stepMs = steps.reduce((sum, { inside, outside }) => sum + inside + outside, 0)
  const kudos = price.kudos * pictures
  return {
    payload,
    entry: {
      id: result.id,
      class: payloadClass(payload, baseline),
      kudos,
      by: price.by,
      ...(price.reason === undefined ? {} : { reason: price.reason }),
      ...(price.seconds === undefined ? {} : { expectedSeconds: price.seconds }),
      surcharge: price.surcharge,
      multiplier: price.multiplier,
      pictures,
      seconds,
      kudosPerHour: perHour(kudos, seconds),
      stepsPerSecond: stepMs > 0 ? (1000 * steps.length) / stepMs : null,
    },
  }
}

function worth(cases: readonly KudosCase[]): Worth {
  const sum = (pick: (one: KudosCase) => number) => cases.reduce((total, one) => total + pick(one), 0)
  const [seconds, kudos] = [sum(one => one.seconds), sum(one => one.kudos)]
  return {
    cases: cases.length,
    pictures: sum(one => one.pictures),
    seconds,
    kudos,
    kudosPerHour: perHour(kudos, seconds),
  }
}

function perHour(kudos: number, seconds: number): number {
  return seconds > 0 ? (3600 * kudos) / seconds : 0
}

function addedByFeatures(run: Run, cases: readonly KudosCase[]): KudosSection['features'] {
  const byId = new Map(cases.map(one => [one.id, one]))
  return run.cases.flatMap(({ id, fixture }) => {
    const [one, twin] = [byId.get(id), byId.get(fixture.twin ?? '')]
    if (one === undefined || twin === undefined || twin.seconds <= 0 || twin.kudos <= 0) return []
    return {
      features: fixture.features,
      case: id,
      twin: twin.id,
      kudos: one.kudos - twin.kudos,
      seconds: one.seconds - twin.seconds,
      secondsRatio: one.seconds / twin.seconds,
      kudosRatio: one.kudos / twin.kudos,
    }
  })
}

/** Over the payloads that both runs drew. */
function compared(cases: readonly KudosCase[], other: Run, model: KudosModel): KudosSection['against'] {
  const theirs = new Map(kudosReport(other, { model }).cases.map(one => [one.id, one]))
  const both = cases.filter(({ id }) => theirs.has(id))
  const ratio = (members: readonly KudosCase[]) => {
    const [our, their] = [worth(members), worth(members.flatMap(({ id }) => theirs.get(id) ?? []))]
    return their.kudosPerHour > 0 ? our.kudosPerHour / their.kudosPerHour : 0
  }
  return {
    run: other.id,
    backend: other.backend,
    version: other.version,
    classes: [...groupBy(both, one => one.class)].map(([name, members]) => ({
      class: name,
      cases: members.length,
      ratio: ratio(members),
    })),
    mix: ratio(both),
  }
}
