/** What a run says of recorded traffic: its classes of payloads count as often as they were asked for. */
import { parsePayload } from '../../payload/parse.js'
import { payloadFeatures } from '../coverage/payload-features.js'
import { groupBy } from '../group-by.js'
import type { KudosCase, Traffic } from './kudos-schema.js'
import { kudosPayload } from './payload.js'
import { payloadClass } from './payload-class.js'

export interface TrafficJob {
  class: string
  features: readonly string[]
}

/** A recorded payload as traffic; of a model of the given family. */
export function trafficJob(text: string, baseline: string): TrafficJob {
  return {
    class: payloadClass(kudosPayload(text), baseline),
    features: payloadFeatures(parsePayload(text)),
  }
}

/** A case of the run and, where another run drew it, too, what it took there. */
export interface TrafficCase extends Pick<KudosCase, 'class' | 'kudos' | 'seconds'> {
  features: readonly string[]
  theirs?: number | undefined
}

/**
 * Every job of the traffic takes and earns what cases of its class do on average. A class that was not drawn is left out and told.
 *
 * A class or feature *adds* to the time of the traffic: how much of the other run's time the jobs of it take, times how much longer
 * they take here. What classes add sums to the whole; a job has many features, so theirs overlap.
 */
export function overTraffic(
  cases: readonly TrafficCase[],
  { from, jobs, compared }: { from: string; jobs: readonly TrafficJob[]; compared: boolean },
): Traffic {
  const usable = cases
    .filter(({ theirs }) => !compared || theirs !== undefined)
    .map(one => ({ ...one, theirs: one.theirs ?? 0 }))
  const classes = new Map([...groupBy(usable, one => one.class)].map(([name, members]) => [name, meanOf(members)]))
  const covered = jobs.flatMap(job => {
    const mean = classes.get(job.class)
    return mean === undefined ? [] : [{ ...job, ...mean }]
  })
  const total = meanOf(covered)
  const base = {
    from,
    payloads: jobs.length,
    covered: covered.length,
    uncovered: [...groupBy(jobs, job => job.class)]
      .filter(([name]) => !classes.has(name))
      .map(([name, members]) => ({ class: name, payloads: members.length }))
      .sort((a, b) => b.payloads - a.payloads),
    kudosPerHour: total.seconds > 0 ? (3600 * total.kudos) / total.seconds : 0,
  }
  if (!compared || covered.length === 0) return base

  const theirTime = sum(covered, ({ theirs }) => theirs)
  const parts = (names: readonly string[], has: (job: TrafficJob, name: string) => boolean) =>
    names
      .flatMap(name => {
        const asked = covered.filter(job => has(job, name))
        const drawn = usable.filter(one => has(one, name))
        if (asked.length === 0 || drawn.length === 0) return []
        const slower = sum(drawn, ({ seconds }) => seconds) / sum(drawn, ({ theirs }) => theirs)
        const timeShare = sum(asked, ({ theirs }) => theirs) / theirTime
        return { name, share: asked.length / covered.length, time: slower, adds: timeShare * (slower - 1) }
      })
      .sort((a, b) => Math.abs(b.adds) - Math.abs(a.adds))
  return {
    ...base,
    against: {
      ratio: theirTime / sum(covered, ({ seconds }) => seconds),
      classes: parts([...classes.keys()], (job, name) => job.class === name),
      features: parts([...new Set(covered.flatMap(({ features }) => features))], (job, name) =>
        job.features.includes(name),
      ),
    },
  }
}

type Means = Record<'kudos' | 'seconds' | 'theirs', number>

function meanOf(members: readonly Means[]): Means {
  const mean = (pick: (one: Means) => number) => sum(members, pick) / Math.max(1, members.length)
  return { kudos: mean(one => one.kudos), seconds: mean(one => one.seconds), theirs: mean(one => one.theirs) }
}

const sum = <T>(items: readonly T[], pick: (item: T) => number) => items.reduce((all, item) => all + pick(item), 0)
