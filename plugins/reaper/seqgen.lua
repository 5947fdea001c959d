-- @description seqgen: new music from the selected MIDI items
-- @about
--   Two selected MIDI items: pieces on the way from one to the other. One: how it goes on. None: new pieces.
--   Results come as items on a new track, in one step of undo. The seqgen service must run (seqgen serve).
--
-- REAPER 6 and later (Lua 5.3 or 5.4). json.lua must lie beside this file. REAPER is not held while the service
-- computes: curl runs by itself, and its answer is looked for between two of REAPER's own turns.

local PORT = tonumber(os.getenv("SEQGEN_PORT") or "") or 7716
local SECONDS = 120 -- that an answer may take
local MAX_NOTES = 20000 -- of a request
local MAX_ANSWER = 8 * 1024 * 1024

local windows = reaper.GetOS():match("^Win") ~= nil
local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or ""

local function say(text) reaper.ShowMessageBox(text, "seqgen", 0) end

local function need_json()
  local file = io.open(here .. "json.lua", "r")
  if not file then error("json.lua is missing: put it beside seqgen.lua, in " .. here, 0) end
  file:close()
  return dofile(here .. "json.lua")
end

-- Settings and token ---------------------------------------------------------------------------------------

local function home()
  local set = os.getenv("SEQGEN_HOME")
  if set and set ~= "" then return set end
  if windows then return (os.getenv("APPDATA") or "") .. "\\seqgen" end
  local user = os.getenv("HOME") or ""
  if reaper.GetOS():match("OSX") or reaper.GetOS():match("mac") then
    return user .. "/Library/Application Support/seqgen"
  end
  local config = os.getenv("XDG_CONFIG_HOME")
  return (config and config ~= "" and config or user .. "/.config") .. "/seqgen"
end

local function read_file(path, most)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read(most or "a")
  file:close()
  return text or ""
end

local function read_token()
  local path = home() .. (windows and "\\" or "/") .. "token"
  local text = read_file(path, 200)
  if not text then error("There is no token at " .. path .. ": start `seqgen serve` once.", 0) end
  local token = text:match("^%s*(%x+)%s*$")
  if not token or #token ~= 64 then
    error(path .. ": expected 64 hexadecimal digits; delete it and start `seqgen serve` again.", 0)
  end
  return token
end

-- The service ----------------------------------------------------------------------------------------------

local function quoted(text) return '"' .. text:gsub('[\\"]', "\\%0") .. '"' end

-- curl by itself, told by a text of options and not on its command line, where others could read the token:
-- through its standard input, or on Windows, whose temporary folder is the user's own, through a file.
local function start_curl(options, base)
  if windows then
    local file = assert(io.open(base .. ".options", "wb"))
    file:write(options, "stderr = ", quoted(base .. ".errors"), "\n")
    file:close()
    reaper.ExecProcess('curl.exe -q -K "' .. base .. '.options"', -2)
    return
  end
  local errors = "'" .. (base .. ".errors"):gsub("'", "'\\''") .. "'"
  local pipe = assert(io.popen("exec 3<&0; curl -q -K - <&3 >/dev/null 2>" .. errors .. " &", "w"))
  pipe:write(options)
  pipe:close()
end

local function temporary()
  local folder = windows and os.getenv("TEMP") or os.getenv("TMPDIR") or "/tmp"
  return folder .. (windows and "\\" or "/") .. "seqgen-" .. reaper.genGuid():gsub("[^%w]", "")
end

-- Calls done(answer) with a decoded message of this type, or done(nil, why). `body` nil asks with GET.
local function ask(json, path, body, kind, done)
  local base = temporary()
  local url = ("http://127.0.0.1:%d%s"):format(PORT, path)
  local options = {
    "url = " .. quoted(url),
    "header = " .. quoted("Authorization: Bearer " .. read_token()),
    'header = "Content-Type: application/json"',
    "output = " .. quoted(base .. ".answer"),
    "silent", "show-error", 'noproxy = "*"', 'proto = "=http"',
    "connect-timeout = 2", "max-time = " .. SECONDS, "max-filesize = " .. MAX_ANSWER,
  }
  if body then
    local file = assert(io.open(base .. ".body", "wb"))
    file:write(body)
    file:close()
    options[#options + 1] = "data-binary = " .. quoted("@" .. base .. ".body")
  end
  start_curl(table.concat(options, "\n") .. "\n", base)

  local function finish(...)
    for _, ending in ipairs({ ".answer", ".errors", ".body", ".options" }) do os.remove(base .. ending) end
    done(...)
  end

  local began, size = reaper.time_precise(), -1
  local function look()
    local errors = read_file(base .. ".errors", 1000) or ""
    if errors:find("\n") then
      if errors:find("curl: %(7%)") then
        return finish(nil, ("Nothing answers on 127.0.0.1:%d: start `seqgen serve`."):format(PORT))
      end
      return finish(nil, "The service gave no answer: " .. errors)
    end
    local text = read_file(base .. ".answer", MAX_ANSWER + 1) or ""
    -- It is whole when it is JSON; that is tried when it has stopped growing.
    local answer = #text > 0 and #text == size and json.decode(text) or nil
    size = #text
    if type(answer) == "table" then
      if answer.type == kind then return finish(answer) end
      if answer.code == "denied" then
        return finish(nil, "The service refused the token in " .. home() .. ": was it started by another user?")
      end
      return finish(nil, ("The service said: %s: %s"):format(answer.code or answer.type, answer.message or "?"))
    end
    if reaper.time_precise() - began > SECONDS + 5 then
      return finish(nil, #text > 0 and "The service's answer is no JSON." or "The service gave no answer in time.")
    end
    reaper.defer(look)
  end
  look()
end

-- Items ----------------------------------------------------------------------------------------------------

-- The clip of an item: what of its take sounds, in quarter notes from the item's beginning.
local function read_item(item)
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

local function insert(result, start, bar)
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

-- The action -----------------------------------------------------------------------------------------------

local function fitting(models, operation, music, bars)
  local names, best = {}, nil
  for _, model in ipairs(models) do
    local can = false
    for _, other in ipairs(model.operations) do can = can or other == operation end
    if can then
      names[#names + 1] = model.name
      local fits = model.music == music
      local holds = fits and model.bars >= bars - 1e-6
      local better = not best or (fits and not best.fits) or (fits and holds and not best.holds)
        or (fits and best.fits and holds == best.holds and (holds and model.bars < best.bars or not holds and model.bars > best.bars))
      if better then best = { name = model.name, bars = model.bars, fits = fits, holds = holds } end
    end
  end
  return best and best.name, names
end

local COUNTS = { -- the dialog's words, what is there at first, field, least, most
  interpolate = { "Pieces, both ends included", 5, "num_steps", 2, 256 },
  continue = { "Bars", 8, "bars", 1, 64 },
  sample = { "Pieces", 1, "num", 1, 256 },
}

local function number_in(text, name, least, most, whole)
  local value = tonumber(text)
  if whole then value = value and math.tointeger(value) end
  if not value or value < least or value > most then
    error(("%s: expected a number from %s to %s, got %s."):format(name, least, most, text), 0)
  end
  return value
end

-- A request, or nil where the dialog was left.
local function request_from_dialog(operation, default, names)
  local words, count, field, least, most = table.unpack(COUNTS[operation])
  local captions = ("Model (%s),%s,Temperature,Seed,extrawidth=200"):format(table.concat(names, " "), words:gsub(",", " -"))
  local ok, text = reaper.GetUserInputs("seqgen " .. operation, 4, captions, ("%s,%d,0.5,1"):format(default, count))
  if not ok then return nil end
  local model, number, temperature, seed = text:match("^([^,]*),([^,]*),([^,]*),([^,]*)$")
  if not model then error("Expected four values without commas, got " .. text .. ".", 0) end
  return {
    type = operation, id = "reaper", model = model,
    [field] = number_in(number, words, least, most, true),
    temperature = number_in(temperature, "Temperature", 0, 4),
    seed = number_in(seed, "Seed", 0, 4294967295, true),
  }
end

local function guarded(action)
  return function(...)
    local ok, why = pcall(action, ...)
    if not ok then say(tostring(why)) end
  end
end

local function main()
  local json = need_json()
  local count = reaper.CountSelectedMediaItems(0)
  if count > 2 then error(("Select at most two MIDI items, A and B; %d are selected."):format(count), 0) end
  local operation = ({ [0] = "sample", "continue", "interpolate" })[count]
  local clips, start, drums, bars = {}, reaper.TimeMap2_timeToQN(0, reaper.GetCursorPosition()), false, 0
  for i = 1, count do
    local clip, stop, beats, long = read_item(reaper.GetSelectedMediaItem(0, i - 1))
    clips[i], drums, bars = clip, drums or beats, math.max(bars, long)
    start = i == 1 and stop or math.max(start, stop)
  end
  local numerator, denominator = reaper.TimeMap_GetTimeSigAtTime(0, reaper.TimeMap2_QNToTime(0, start))
  local bar = 4 * numerator / denominator

  ask(json, "/v1/models", nil, "models", guarded(function(models, why)
    if not models then error(why, 0) end
    local default, names = fitting(models.models, operation, drums and "drums" or "melody", bars)
    if not default then error("The service has no model that can " .. operation .. ".", 0) end
    local request = request_from_dialog(operation, default, names)
    if not request then return end
    if operation == "continue" then request.clip = clips[1] end
    if operation == "interpolate" then request.a, request.b = clips[1], clips[2] end
    local body = assert(json.encode(request))
    ask(json, "/v1/" .. operation, body, "result", guarded(function(result, reason)
      if not result then error(reason, 0) end
      insert(result, start, bar)
    end))
  end))
end

guarded(main)()
