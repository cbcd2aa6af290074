/**
 * The networks that are resident in a lane. They stay as long as there is room; who is used by a job stays whatever happens.
 * A job uses one network at a time, so waiting for room cannot end in a deadlock.
 */
import { OutOfMemoryError } from '../../errors.js'
import type { Session } from '../session.js'
import type { Budget } from './budget.js'
import { type Idle, leastWorth, worthOf } from './worth.js'

export interface NetworkSpec {
  /** Tells networks apart. */
  key: string
  /** For messages and records. */
  name: string
  /** Estimate of what it takes in memory. */
  bytes: number
}

/** What was estimated of a network and what was measured. */
export interface NetworkRecord {
  name: string
  /** Bytes. */
  estimated: number
  /** Growth of the process while it was loaded, bytes. */
  measured: number
  loadMs: number
  resident: boolean
}

export interface NetworkPool {
  /** The session of a network, which stays resident until `user` is done. @throws OutOfMemoryError where there is no room */
  use(user: object, spec: NetworkSpec, load: () => Promise<Session>): Promise<Session>
  /** `user` needs none of the networks any more that it used. */
  done(user: object): void
  /** Makes room for so many bytes; false where there is not enough. */
  afford(bytes: number): Promise<boolean>
  /** Releases every network that nobody uses; false where there was none. */
  makeRoom(): Promise<boolean>
  /** What is and was resident, one record a name: the last. */
  records(): NetworkRecord[]
  release(): Promise<void>
}

interface Resident extends NetworkSpec, Idle {
  session: Promise<Session>
  users: Set<object>
  measured: number
  loaded: boolean
}

/** Networks that stay although nobody uses them, however much room there is. */
const MOST_IDLE = 12

export function createNetworkPool(budget: Budget, rss: () => number = () => process.memoryUsage.rss()): NetworkPool {
  const residents = new Map<string, Resident>()
  const records = new Map<string, NetworkRecord>()
  const waiting = new Set<() => void>()
  /** Worth of what was released last: whatever is used later is worth more. */
  let age = 0
  let admission: Promise<unknown> = Promise.resolve()

  const idle = () => [...residents.values()].filter(({ users, loaded }) => users.size === 0 && loaded)

  async function evict(network: Resident): Promise<void> {
    residents.delete(network.key)
    age = Math.max(age, network.worth)
    const record = records.get(network.name)
    if (record !== undefined) record.resident = false
    await network.session.then(session => session.release()).catch(() => {})
  }

  /** Waits for room as long as there are users who will leave. */
  async function admit(user: object, { name, bytes }: NetworkSpec): Promise<void> {
    for (;;) {
      const available = budget.available()
      if (bytes <= available) return
      const victim = leastWorth(idle())
      if (victim !== undefined) {
        await evict(victim)
        continue
      }
      const others = [...residents.values()].some(({ users }) => [...users].some(other => other !== user))
      if (!others) throw new OutOfMemoryError(`loading ${name}`, bytes, { available })
      await new Promise<void>(resolve => waiting.add(resolve))
    }
  }

  async function load(
    network: Omit<Resident, 'session'>,
    user: object,
    create: () => Promise<Session>,
  ): Promise<Session> {
    // One after the other: what the first takes must show before the second is let in.
    const mine = admission.then(async () => {
      await admit(user, network)
      const before = rss()
      const since = performance.now()
      const session = await create()
      network.loaded = true
      network.loadMs = performance.now() - since
      network.measured = Math.max(0, rss() - before)
      network.worth = worthOf(network, age)
      records.set(network.name, {
        name: network.name,
        estimated: network.bytes,
        measured: network.measured,
        loadMs: network.loadMs,
        resident: true,
      })
      return session
    })
    admission = mine.catch(() => {})
    return mine
  }

  return {
    async use(user, spec, create) {
      const known = residents.get(spec.key)
      if (known !== undefined) {
        known.users.add(user)
        known.worth = worthOf(known, age)
        return known.session
      }
      const loading = { ...spec, users: new Set([user]), loadMs: 0, measured: 0, worth: 0, loaded: false }
      const network: Resident = Object.assign(loading, { session: load(loading, user, create) })
      residents.set(spec.key, network)
      // What could not be loaded is tried again by the next job.
      network.session.catch(() => residents.delete(spec.key))
      return network.session
    },
    done(user) {
      for (const { users } of residents.values()) users.delete(user)
      for (const wake of waiting) wake()
      waiting.clear()
      const spare = idle()
      if (spare.length > MOST_IDLE) {
        const victim = leastWorth(spare)
        if (victim !== undefined) void evict(victim)
      }
    },
    async afford(bytes) {
      while (bytes > budget.available()) {
        const victim = leastWorth(idle())
        if (victim === undefined) return false
        await evict(victim)
      }
      return true
    },
    async makeRoom() {
      const victims = idle()
      for (const victim of victims) {
        // While the one before it was released, somebody may have come for it, or it may have gone already.
        if (victim.users.size === 0 && residents.get(victim.key) === victim) await evict(victim)
      }
      return victims.length > 0
    },
    records: () => [...records.values()],
    async release() {
      for (const network of residents.values()) await evict(network)
    },
  }
}
