/** Records what a ComfyUI and its client say to each other, and plays it again: a fixture is the answers in their order. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RawData, WebSocket, WebSocketServer } from 'ws'

export interface Exchange {
  method: string
  /** Without the query: that has ids of its own. */
  path: string
  status: number
  type: string
  /** Text, or base64 of anything else. */
  body: string
  base64: boolean
  /** JSON that was sent. */
  sent?: unknown
}

export interface ComfyRecording {
  exchanges: Exchange[]
  /** Texts of the WebSocket, in their order. */
  messages: string[]
}

async function listen(server: Server): Promise<{ url: string; close(): Promise<void> }> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A proxy in front of a real ComfyUI that writes down what passes. */
export async function recordComfyui(upstream: string) {
  const recording: ComfyRecording = { exchanges: [], messages: [] }
  const server = createServer(async (request, response) => {
    const sent = await bodyOf(request)
    const type = request.headers['content-type']
    const answer = await fetch(new URL(request.url ?? '/', upstream), {
      method: request.method ?? 'GET',
      ...(sent.length === 0
        ? {}
        : { body: Uint8Array.from(sent), headers: type === undefined ? {} : { 'content-type': type } }),
    })
    const body = Buffer.from(await answer.arrayBuffer())
    const answered = answer.headers.get('content-type') ?? ''
    const base64 = !/json|text/u.test(answered)
    recording.exchanges.push({
      method: request.method ?? 'GET',
      path: (request.url ?? '/').split('?')[0] ?? '/',
      status: answer.status,
      type: answered,
      body: body.toString(base64 ? 'base64' : 'utf8'),
      base64,
      ...(type === 'application/json' ? { sent: JSON.parse(sent.toString('utf8')) } : {}),
    })
    response.writeHead(answer.status, { 'content-type': answered }).end(body)
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (client, request) => {
    const real = new WebSocket(new URL(request.url ?? '/ws', upstream.replace('http', 'ws')))
    real.on('message', (data: RawData, isBinary: boolean) => {
      if (!isBinary) recording.messages.push(String(data))
      client.send(data, { binary: isBinary })
    })
    client.on('close', () => real.close())
  })
  return { ...(await listen(server)), recording }
}

export interface ReplayOptions {
  /** How many messages come before the socket breaks. @default all */
  breakAfter?: number
  /** Overrules an answer. */
  instead?: (request: {
    method: string
    path: string
    count: number
  }) => Partial<Exchange> | 'hang' | 'drop' | undefined
}

/** Answers as the recorded ComfyUI did; the WebSocket speaks when a prompt came in. */
export async function replayComfyui(
  { exchanges, messages }: ComfyRecording,
  { breakAfter, instead = () => undefined }: ReplayOptions = {},
) {
  const prompts: unknown[] = []
  const counts = new Map<string, number>()
  const clients = new Set<WebSocket>()
  const server = createServer(async (request, response) => {
    const [method, path] = [request.method ?? 'GET', (request.url ?? '/').split('?')[0] ?? '/']
    const sent = await bodyOf(request)
    const count = (counts.get(`${method} ${path}`) ?? 0) + 1
    counts.set(`${method} ${path}`, count)
    const other = instead({ method, path, count })
    if (other === 'hang') return
    if (other === 'drop') return void request.socket.destroy()
    // The history is asked for by an id of the recording; a view's query names its file.
    const found = exchanges.filter(one => one.method === method && one.path === path)
    const answer = {
      status: 404,
      type: 'text/plain',
      body: 'not recorded',
      base64: false,
      ...found[Math.min(count, found.length) - 1],
      ...other,
    }
    response
      .writeHead(answer.status, { 'content-type': answer.type })
      .end(Buffer.from(answer.body, answer.base64 ? 'base64' : 'utf8'))
    if (method === 'POST' && path === '/prompt' && answer.status === 200) {
      prompts.push(JSON.parse(sent.toString('utf8')))
      for (const client of clients) {
        for (const message of messages.slice(0, breakAfter)) client.send(message)
        if (breakAfter !== undefined) client.terminate()
      }
    }
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', client => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
  })
  return { ...(await listen(server)), prompts, counts }
}
