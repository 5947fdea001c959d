-- JSON (RFC 8259) for the action of REAPER: what comes from the network is bounded in size and depth.
--
--   json.encode(value)            text; nil, message where a value has no JSON
--   json.decode(text)             value; nil, message with the place where text is not JSON
--   json.array {...}              a table that is written as an array also when it is empty
--   json.null                     null, on both ways
--
-- Lua 5.3 and later. Whole numbers come back as integers, others as floats.
-- It lies beside the action and needs nothing but the standard library.

local json = { null = setmetatable({}, { __tostring = function() return "null" end }) }

json.MAX_BYTES = 8 * 1024 * 1024
json.MAX_DEPTH = 32

local array_mark = {}

function json.array(values) return setmetatable(values or {}, array_mark) end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local unescapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function quoted(text)
  return '"' .. text:gsub('[%c"\\\127]', function(c) return escapes[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function number_text(value)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  if value ~= value or value == math.huge or value == -math.huge then error("a number that JSON has not", 0) end
  -- A host may have set a locale that writes a decimal comma.
  return (("%.17g"):format(value):gsub(",", "."))
end

local write

local function write_table(value, depth)
  if depth > json.MAX_DEPTH then error("tables nested deeper than " .. json.MAX_DEPTH, 0) end
  local parts = {}
  if getmetatable(value) == array_mark or #value > 0 then
    for i, item in ipairs(value) do parts[i] = write(item, depth + 1) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local names = {}
  for name in pairs(value) do
    if type(name) ~= "string" then error("a table with a key that is no string", 0) end
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = quoted(name) .. ":" .. write(value[name], depth + 1) end
  return "{" .. table.concat(parts, ",") .. "}"
end

function write(value, depth)
  local kind = type(value)
  if value == json.null then return "null" end
  if kind == "table" then return write_table(value, depth) end
  if kind == "string" then return quoted(value) end
  if kind == "number" then return number_text(value) end
  if kind == "boolean" then return tostring(value) end
  error("a " .. kind .. " has no JSON", 0)
end

function json.encode(value)
  local ok, text = pcall(write, value, 1)
  if ok then return text end
  return nil, text
end

local function fail(place, expected) error(("byte %d: expected %s"):format(place, expected), 0) end

local function code_point(text, place)
  local digits = text:match("^%x%x%x%x", place)
  return digits and tonumber(digits, 16) or fail(place, "four hexadecimal digits")
end

local function read_string(text, place) -- place: after the opening quote
  local parts = {}
  while true do
    local stop = text:find('["\\%c]', place)
    if not stop then fail(#text + 1, "the end of a string") end
    parts[#parts + 1] = text:sub(place, stop - 1)
    local c = text:sub(stop, stop)
    if c == '"' then return table.concat(parts), stop + 1 end
    if c ~= "\\" and c ~= "\127" then fail(stop, "no control character in a string") end
    local escape = text:sub(stop + 1, stop + 1)
    place = stop + 2
    if c == "\127" then
      parts[#parts + 1], place = c, stop + 1
    elseif escape == "u" then
      local code = code_point(text, place)
      place = place + 4
      if code >= 0xD800 and code < 0xDC00 and text:sub(place, place + 1) == "\\u" then
        local low = code_point(text, place + 2)
        if low >= 0xDC00 and low < 0xE000 then
          code, place = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00), place + 6
        end
      end
      if code >= 0xD800 and code < 0xE000 then code = 0xFFFD end -- half of a pair
      parts[#parts + 1] = utf8.char(code)
    else
      parts[#parts + 1] = unescapes[escape] or fail(stop, "an escape that JSON knows")
    end
  end
end

local function read_number(text, place)
  local whole = text:match("^%-?%d+", place) or fail(place, "a value")
  if whole:match("^%-?0%d") then fail(place, "a number without leading zeros") end
  local after = place + #whole
  local fraction = text:match("^%.%d+", after) or ""
  local exponent = text:match("^[eE][+-]?%d+", after + #fraction) or ""
  local value = tonumber(whole .. fraction .. exponent)
  if value ~= value or value == math.huge or value == -math.huge then fail(place, "a finite number") end
  return value, after + #fraction + #exponent
end

local read

local function skip(text, place) return text:find("[^ \t\r\n]", place) or #text + 1 end

local function read_items(text, place, depth, close, read_one)
  place = skip(text, place)
  if text:sub(place, place) == close then return place + 1 end
  while true do
    place = skip(text, read_one(skip(text, place), depth))
    local c = text:sub(place, place)
    if c == close then return place + 1 end
    if c ~= "," then fail(place, "a comma or " .. close) end
    place = place + 1
  end
end

local function read_array(text, place, depth)
  local values, count = json.array(), 0
  return values, read_items(text, place, depth, "]", function(at)
    count = count + 1
    values[count], at = read(text, at, depth + 1)
    return at
  end)
end

local function read_object(text, place, depth)
  local values = {}
  return values, read_items(text, place, depth, "}", function(at)
    if text:sub(at, at) ~= '"' then fail(at, "a name in quotes") end
    local name
    name, at = read_string(text, at + 1)
    at = skip(text, at)
    if text:sub(at, at) ~= ":" then fail(at, "a colon") end
    values[name], at = read(text, skip(text, at + 1), depth + 1)
    return at
  end)
end

local words = { ["true"] = true, ["false"] = false, null = json.null }

function read(text, place, depth)
  if depth > json.MAX_DEPTH then fail(place, "values nested at most " .. json.MAX_DEPTH .. " deep") end
  local c = text:sub(place, place)
  if c == "{" then return read_object(text, place + 1, depth) end
  if c == "[" then return read_array(text, place + 1, depth) end
  if c == '"' then return read_string(text, place + 1) end
  local word = text:match("^%a+", place)
  if word and words[word] ~= nil then return words[word], place + #word end
  return read_number(text, place)
end

function json.decode(text)
  if type(text) ~= "string" then return nil, "expected text, got " .. type(text) end
  if #text > json.MAX_BYTES then return nil, ("expected at most %d bytes, got %d"):format(json.MAX_BYTES, #text) end
  local ok, value, place = pcall(function()
    local value, place = read(text, skip(text, 1), 1)
    place = skip(text, place)
    if place <= #text then fail(place, "nothing after the value") end
    return value
  end)
  if ok then return value end
  return nil, value
end

return json
