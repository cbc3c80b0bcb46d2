-- Posts the lines of a file, so many in a request, each under an id of its own, as of now.
-- Arguments: file, path, content type, lines a request, what stands before, between and after
-- the lines, seed. In each line @id@ stands for the id, and after it @time@ for the time.

dofile("done.lua")

-- Batches take so long that what is under way at the end would count: their time is that from
-- the first request to the latest answer, which `done` reads.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, microseconds; } moment;"
  .. "int gettimeofday(moment *now, void *zone);")
local moment = ffi.new("moment")

local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.seconds) * 1e6 + tonumber(moment.microseconds)
end

local second, date

local function timestamp()
  ffi.C.gettimeofday(moment, nil)
  if moment.seconds ~= second then
    second = moment.seconds
    date = os.date("!%Y-%m-%dT%H:%M:%S", tonumber(second))
  end
  return string.format("%s.%06dZ", date, tonumber(moment.microseconds))
end

local function note_answer()
  answered = now()
end

local heads, middles, tails = {}, {}, {}
local path, lines, before, between, after
local place = 0

function init(args)
  for line in io.lines(args[1]) do
    local head, middle, tail = line:match("^(.*)@id@(.*)@time@(.*)$")
    heads[#heads + 1], middles[#middles + 1], tails[#tails + 1] = head, middle, tail
  end
  path, lines = args[2], tonumber(args[4])
  before, between, after = args[5], args[6], args[7]
  wrk.headers["Content-Type"] = args[3]
  math.randomseed(tonumber(args[8]))
  if lines > 1 then
    response = note_answer
  end
end

local function uuid()
  local random = math.random
  return string.format("%08x-%04x-4%03x-8%03x-%06x%06x", random(0, 0xffffffff), random(0, 0xffff),
    random(0, 0xfff), random(0, 0xfff), random(0, 0xffffff), random(0, 0xffffff))
end

function request()
  if not tried then
    tried = true -- by wrk, before the load begins
  elseif not began then
    began = now()
  end
  local parts = {}
  for _ = 1, lines do
    place = place % #heads + 1
    parts[#parts + 1] = heads[place] .. uuid() .. middles[place] .. timestamp() .. tails[place]
  end
  return wrk.format("POST", path, nil, before .. table.concat(parts, between) .. after)
end
