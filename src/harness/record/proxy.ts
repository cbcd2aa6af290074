/**
 * Stands between a worker and the Horde: hands everything on as it is, and tells of every pop that brought a job. The worker never
 * waits for, or fails by, what is recorded.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BackendError } from '../../errors.js'

export interface ProxyOptions {
  /** E.g. https://aihorde.net */
  upstream: string
  /** @default 127.0.0.1: a key travels through it */
  host?: string
  /** @default a free one */
  port?: number
  /** Milliseconds the Horde may take for one answer. @default 60000 */
  timeoutMs?: number
  /** A pop's answer, after the worker has it. */
  onPop: (text: string) => void
  onError?: (message: string) => void
}

export interface Proxy {
  url: string
  close(): Promise<void>
}

/** Headers that are about one connection, or that no longer hold after the body was read. */
const NOT_HANDED_ON = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'content-encoding',
  'accept-encoding',
  'upgrade',
  'te',
  'trailer',
  'proxy-authorization',
  'proxy-connection',
  'expect',
])

/** Workers send pictures up to some megabytes in base64. */
const MAX_BYTES = 64 * 2 ** 20

/** @throws BackendError where the upstream is no address, or the port cannot be had */
export async function startProxy({
  upstream,
  host = '127.0.0.1',
  port = 0,
  timeoutMs = 60_000,
  onPop,
  onError = () => {},
}: ProxyOptions): Promise<Proxy> {
  if (!URL.canParse(upstream) || !/^https?:/u.test(upstream)) {
    throw new BackendError(`"${upstream}" is no address of a Horde`, { hint: 'e.g. --upstream https://aihorde.net' })
  }
  const base = new URL(upstream)
  const server = createServer((request, response) => {
    pass(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      onError(`${request.method} ${path(request)}: ${message}`)
      if (response.headersSent) response.destroy()
      else
        response
          .writeHead(502, { 'content-type': 'application/json' })
          .end(JSON.stringify({ message: `the recording proxy could not reach the Horde: ${message}` }))
    })
  })

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    // The upstream is the only host that is ever spoken to, whatever the request says.
    const target = new URL(base)
    const asked = new URL(request.url ?? '/', 'http://proxy.invalid')
    target.pathname = `${base.pathname.replace(/\/$/u, '')}${asked.pathname}`
    target.search = asked.search
    const answer = await fetch(target, {
      method: request.method ?? 'GET',
      headers: handedOn(request.headers),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body.length === 0 ? {} : { body: Uint8Array.from(body) }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    response.writeHead(answer.status, handedOn(Object.fromEntries(answer.headers))).end(bytes)
    if (answer.ok && request.method === 'POST' && /\/v2\/generate\/pop\/?$/u.test(asked.pathname))
      onPop(bytes.toString('utf8'))
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', cause =>
      reject(
        new BackendError(`the proxy cannot listen on ${host}:${port}: ${cause.message}`, {
          cause,
          hint: 'choose another --port',
        }),
      ),
    )
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://${host}:${taken}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

/** Without the query, which nobody needs to see. */
function path(request: IncomingMessage): string {
  return (request.url ?? '/').split('?')[0] ?? '/'
}

function handedOn(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || NOT_HANDED_ON.has(name) ? [] : [[name, [value].flat().join(', ')]],
    ),
  )
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BYTES) throw new BackendError(`the worker sent more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
