-- From REAPER's MIDI items to the clips of a request, and from its answer to new items.

local M = {}

local MAX_NOTES = 20000 -- of a request

local function say(text) reaper.ShowMessageBox(text, "seqgen", 0) end

-- The clip of an item: what of its take sounds, in quarter notes from the item's beginning.
function M.read(item)
  local take = reaper.GetActiveTake(item)
  if not take or not reaper.TakeIsMIDI(take) then error("Select MIDI items: one of them is not.", 0) end
  local position = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
  local final = position + reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
  local first, last = reaper.TimeMap2_timeToQN(0, position), reaper.TimeMap2_timeToQN(0, final)
  local _, count = reaper.MIDI_CountEvts(take)
  if count > MAX_NOTES then error(("An item has %d notes: at most %d are sent."):format(count, MAX_NOTES), 0) end
  local notes, drums = {}, false
  for i = 0, count - 1 do
    local ok, _, muted, from, to, channel, pitch, velocity = reaper.MIDI_GetNote(take, i)
    local start = reaper.MIDI_GetProjQNFromPPQPos(take, from)
    local stop = math.min(reaper.MIDI_GetProjQNFromPPQPos(take, to), last)
    if ok and not muted and start >= first - 1e-9 and start < last - 1e-9 and stop > start then
      drums = drums or channel == 9
      notes[#notes + 1] = {
        start = math.max(0.0, start - first), duration = stop - start, pitch = pitch,
        velocity = math.max(1, velocity), drum = channel == 9,
      }
    end
  end
  if #notes == 0 then error("An item has no notes that sound.", 0) end
  local numerator, denominator = reaper.TimeMap_GetTimeSigAtTime(0, position)
  local tempo = 60 * (reaper.TimeMap2_timeToQN(0, position + 1) - first)
  local clip = {
    notes = notes, tempo = math.max(10, math.min(1000, tempo)), numerator = numerator, denominator = denominator,
  }
  return clip, last, drums, (last - first) * denominator / 4 / numerator
end

-- REAPER keeps notes on ticks, 960 of a quarter note unless that was set otherwise: the nearest one.
local function tick(take, quarters)
  return math.floor(reaper.MIDI_GetPPQPosFromProjQN(take, quarters) + 0.5)
end

local function insert_piece(track, piece, start, bar, channel)
  local final = start + piece.bars * bar
  for _, note in ipairs(piece.notes) do
    while start + note.start + note.duration > final + 1e-9 do final = final + bar end
  end
  local item = reaper.CreateNewMIDIItemInProj(track, start, final, true)
  local take = reaper.GetActiveTake(item)
  reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", piece.title, true)
  for _, note in ipairs(piece.notes) do
    local from = tick(take, start + note.start)
    local to = math.max(from + 1, tick(take, start + note.start + note.duration))
    reaper.MIDI_InsertNote(take, false, false, from, to, note.drum and 9 or channel, note.pitch, note.velocity, true)
  end
  reaper.MIDI_Sort(take)
  return final
end

local function integer_in(value, least, most)
  return math.type(value) == "integer" and value >= least and value <= most
end

-- Whether every part of the answer is one that can be inserted; nothing is changed before that is known.
local function check(result)
  if type(result.pieces) ~= "table" or #result.pieces == 0 then return false end
  for _, piece in ipairs(result.pieces) do
    if type(piece) ~= "table" or not integer_in(piece.bars, 1, 10000) then return false end
    if type(piece.title) ~= "string" or type(piece.notes) ~= "table" then return false end
    for _, note in ipairs(piece.notes) do
      if type(note) ~= "table" or type(note.start) ~= "number" or type(note.duration) ~= "number" then return false end
      if note.start < 0 or note.start > 40000 or note.duration <= 0 or note.duration > 40000 then return false end
      if not integer_in(note.pitch, 0, 127) or not integer_in(note.velocity, 1, 127) then return false end
    end
  end
  return true
end

function M.insert(result, start, bar)
  if not check(result) then return say("The answer is not as the protocol has it. Nothing was changed.") end
  reaper.Undo_BeginBlock()
  reaper.PreventUIRefresh(1)
  local ok, why = pcall(function()
    local index = reaper.CountTracks(0)
    reaper.InsertTrackAtIndex(index, true)
    local track = reaper.GetTrack(0, index)
    reaper.GetSetMediaTrackInfo_String(track, "P_NAME", "seqgen " .. tostring(result.model), true)
    for _, piece in ipairs(result.pieces) do start = insert_piece(track, piece, start, bar, 0) end
  end)
  reaper.PreventUIRefresh(-1)
  reaper.UpdateArrange()
  reaper.Undo_EndBlock("seqgen: new items", -1)
  if not ok then return say("REAPER refused a part (undo takes the rest back): " .. tostring(why)) end
  local notices = table.concat(result.notices or {}, "\n")
  if notices ~= "" then say(notices) end
end

return M
