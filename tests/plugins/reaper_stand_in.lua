-- A stand-in for REAPER's `reaper` table: what the actions in plugins/reaper call, and nothing else of it.
-- Usage: lua reaper_stand_in.lua ACTION JSON_LUA < scenario > outcome (both JSON).
-- It raises an error on calls it does not know, and on changes outside of an undo block.

local action, json_path = arg[1], arg[2]
local json = dofile(json_path)
local scenario = assert(json.decode(io.read("a")))
local TICKS = 960

local outcome = { messages = json.array(), undo = json.array(), tracks = json.array(), refreshes = 0, dialogs = json.array() }
local open, queue = false, {}
local per_second = scenario.tempo / 60

local function changing() if not open then error("a change outside of an undo block") end end

local function item_of(given)
  return { position = given.start / per_second, length = given.length / per_second, notes = given.notes, midi = given.midi ~= false }
end

local selected = {}
for i, given in ipairs(scenario.items) do selected[i] = item_of(given) end

local known = {
  GetOS = function() return "Other" end,
  ShowMessageBox = function(text) table.insert(outcome.messages, text) return 1 end,
  genGuid = function() return ("{%08X-%d}"):format(math.random(0, 0x7fffffff), os.time()) end,
  time_precise = os.clock,
  defer = function(f) table.insert(queue, f) end,
  CountSelectedMediaItems = function() return #selected end,
  GetSelectedMediaItem = function(_, i) return selected[i + 1] end,
  GetActiveTake = function(item) return item end,
  TakeIsMIDI = function(take) return take.midi end,
  GetCursorPosition = function() return scenario.cursor or 0 end,
  TimeMap2_timeToQN = function(_, time) return time * per_second end,
  TimeMap2_QNToTime = function(_, quarters) return quarters / per_second end,
  TimeMap_GetTimeSigAtTime = function() return 4, 4, scenario.tempo end,
  MIDI_CountEvts = function(take) return true, #take.notes, 0, 0 end,
  MIDI_GetProjQNFromPPQPos = function(take, ticks) return take.position * per_second + ticks / TICKS end,
  MIDI_GetPPQPosFromProjQN = function(take, quarters) return (quarters - take.position * per_second) * TICKS end,
  CountTracks = function() return #outcome.tracks end,
  GetTrack = function(_, i) return outcome.tracks[i + 1] end,
  PreventUIRefresh = function(by) outcome.refreshes = outcome.refreshes + by end,
  UpdateArrange = function() end,
}

function known.GetMediaItemInfo_Value(item, name)
  return name == "D_POSITION" and item.position or name == "D_LENGTH" and item.length or error(name)
end

function known.MIDI_GetNote(take, i)
  local n = take.notes[i + 1]
  return true, false, n.muted or false, n.from, n.to, n.channel, n.pitch, n.velocity
end

function known.GetUserInputs(title, count, captions, defaults)
  table.insert(outcome.dialogs, { title = title, count = count, captions = captions, defaults = defaults })
  assert(count <= 16, "REAPER's dialogs have 16 fields at most")
  local typed = scenario.inputs
  if type(typed) == "table" then typed = typed[#outcome.dialogs] end -- one for each dialog
  if typed == false then return false, defaults end
  return true, typed or defaults
end

function known.Undo_BeginBlock()
  if open then error("an undo block is open") end
  open = true
end

function known.Undo_EndBlock(text)
  changing()
  open = false
  table.insert(outcome.undo, text)
end

function known.InsertTrackAtIndex(index)
  changing()
  table.insert(outcome.tracks, index + 1, { items = json.array(), name = "" })
end

function known.GetSetMediaTrackInfo_String(track, _, name, set)
  changing()
  if set then track.name = name end
end

function known.CreateNewMIDIItemInProj(track, from, to, quarters)
  changing()
  assert(quarters == true, "times are in quarter notes")
  local item = { position = from / per_second, start = from, final = to, notes = json.array(), midi = true, name = "" }
  table.insert(track.items, item)
  return item
end

function known.GetSetMediaItemTakeInfo_String(take, _, name, set)
  changing()
  if set then take.name = name end
end

function known.MIDI_InsertNote(take, _, muted, from, to, channel, pitch, velocity)
  changing()
  if scenario.refuse then error("MIDI_InsertNote: refused") end
  assert(math.type(from) == "integer" and math.type(to) == "integer" and to > from, "ticks are whole")
  table.insert(take.notes, { from = from, to = to, channel = channel, pitch = pitch, velocity = velocity, muted = muted })
end

function known.MIDI_Sort() changing() end

reaper = setmetatable({}, { __index = function(_, name) return known[name] or error("reaper." .. name .. " is not in the stand-in") end })

dofile(action)
local turns = 0
while #queue > 0 do
  turns = turns + 1
  if turns > 1000 then error("the action never ends") end
  local waiting = queue
  queue = {}
  for _, f in ipairs(waiting) do f() end
  os.execute("sleep 0.02")
end
outcome.open = open
io.write(assert(json.encode(outcome)))
