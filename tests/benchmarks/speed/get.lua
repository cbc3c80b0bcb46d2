-- Gets the paths of a file in turn, beginning anywhere. Arguments: file, seed.

dofile("done.lua")

local requests = {}
local place = 0

function init(args)
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  math.randomseed(tonumber(args[2]))
  place = math.random(#requests)
end

function request()
  place = place % #requests + 1
  return requests[place]
end
