-- How Ardour speaks with the seqgen service: JSON, and HTTP through curl.
-- The messages are those of seqgen/serve/protocol.py.

local M = {}

M.MAX_BYTES = 16 * 1024 * 1024 -- of an answer
M.MAX_DEPTH = 16
M.SECONDS = 120 -- that an answer may take

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function fail(text, at, what)
	error(string.format("the answer is no JSON: %s at byte %d of %d", what, at, #text), 0)
end

local function hexadecimal(text, at)
	local digits = text:match("^%x%x%x%x", at)
	if not digits then fail(text, at, "expected four hexadecimal digits") end
	return tonumber(digits, 16)
end

-- A string whose opening quote is at `at`; the place after it.
local function read_string(text, at)
	local parts, i = {}, at + 1
	while true do
		local stop = text:find('["\\%c]', i)
		if not stop then fail(text, at, "a string without an end") end
		parts[#parts + 1] = text:sub(i, stop - 1)
		local sign = text:sub(stop, stop)
		if sign == '"' then return table.concat(parts), stop + 1 end
		if sign ~= "\\" then fail(text, stop, "a control character in a string") end
		local letter = text:sub(stop + 1, stop + 1)
		i = stop + 2
		if letter == "u" then
			local code = hexadecimal(text, i)
			i = i + 4
			if code >= 0xD800 and code < 0xDC00 and text:sub(i, i + 1) == "\\u" then
				local low = hexadecimal(text, i + 2)
				code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)
				i = i + 6
			end
			parts[#parts + 1] = utf8.char(code)
		elseif ESCAPES[letter] then
			parts[#parts + 1] = ESCAPES[letter]
		else
			fail(text, stop, "an unknown escape")
		end
	end
end

local read_value

-- What is between brackets, read entry by entry with `read`; the place after the closing one.
local function read_entries(text, at, closing, read)
	local i = text:find("%S", at + 1) or at + 1
	if text:sub(i, i) == closing then return i + 1 end
	while true do
		i = read(i)
		i = text:find("%S", i) or #text + 1
		local sign = text:sub(i, i)
		if sign == closing then return i + 1 end
		if sign ~= "," then fail(text, i, "expected , or " .. closing) end
		i = text:find("%S", i + 1) or #text + 1
	end
end

function read_value(text, at, depth)
	if depth > M.MAX_DEPTH then fail(text, at, "nested too deeply") end
	at = text:find("%S", at) or #text + 1
	local sign = text:sub(at, at)
	if sign == '"' then return read_string(text, at) end
	local result = {}
	if sign == "[" then
		local after = read_entries(text, at, "]", function(i)
			local value, next_place = read_value(text, i, depth + 1)
			result[#result + 1] = value
			return next_place
		end)
		return result, after
	end
	if sign == "{" then
		local after = read_entries(text, at, "}", function(i)
			if text:sub(i, i) ~= '"' then fail(text, i, "expected a name") end
			local name, colon = read_string(text, i)
			colon = text:match("^%s*():", colon)
			if not colon then fail(text, i, "a name without a value") end
			local value, next_place = read_value(text, colon + 1, depth + 1)
			result[name] = value
			return next_place
		end)
		return result, after
	end
	for word, value in pairs({ ["true"] = true, ["false"] = false }) do
		if text:sub(at, at + #word - 1) == word then return value, at + #word end
	end
	if text:sub(at, at + 3) == "null" then return nil, at + 4 end
	local digits = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
	local number = digits and tonumber(digits)
	if not number then fail(text, at, "expected a value") end
	return number, at + #digits
end

-- A value from JSON. null is nil; in a list it is left out.
function M.decode(text)
	if #text > M.MAX_BYTES then error(string.format("an answer of %d bytes is too long", #text), 0) end
	local value, after = read_value(text, 1, 0)
	if text:find("%S", after) then fail(text, after, "something after the end") end
	return value
end

local function encode_string(text)
	return '"' .. text:gsub('[%c"\\\127]', function(sign) return string.format("\\u%04x", sign:byte()) end) .. '"'
end

-- JSON of a value. A table with a number at 1, or an empty one, is a list.
function M.encode(value)
	local kind = type(value)
	if kind == "string" then return encode_string(value) end
	if kind == "boolean" then return tostring(value) end
	if kind == "number" then
		if value ~= value or math.abs(value) == math.huge then error("JSON has no number " .. value, 0) end
		-- A comma would come from a locale that writes numbers with one.
		return (string.format(math.type(value) == "integer" and "%d" or "%.17g", value):gsub(",", "."))
	end
	if kind ~= "table" then error("JSON has no " .. kind, 0) end
	local parts = {}
	if value[1] ~= nil or next(value) == nil then
		for i, entry in ipairs(value) do parts[i] = M.encode(entry) end
		return "[" .. table.concat(parts, ",") .. "]"
	end
	for name, entry in pairs(value) do parts[#parts + 1] = encode_string(name) .. ":" .. M.encode(entry) end
	table.sort(parts)
	return "{" .. table.concat(parts, ",") .. "}"
end

-- A word of a shell's command line, whatever is in it.
function M.quote(text)
	return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The file that holds the token of the service, or nil.
function M.token_file()
	local home = os.getenv("HOME") or ""
	local folders = { os.getenv("SEQGEN_HOME") or "" }
	if folders[1] == "" then
		local config = os.getenv("XDG_CONFIG_HOME") or ""
		folders = { config ~= "" and config .. "/seqgen" or home .. "/.config/seqgen" }
		folders[2] = home .. "/Library/Application Support/seqgen"
	end
	for _, folder in ipairs(folders) do
		local file = io.open(folder .. "/token", "r")
		if file then
			file:close()
			return folder .. "/token"
		end
	end
	return nil
end

-- A function (path, body) -> text of the answer, status. Without a body it is a GET.
-- The token goes from its file into curl through a pipe: no command line and no other file shows it.
function M.http(url)
	return function(path, body)
		local token = M.token_file()
		if not token then error("there is no token of the seqgen service: start it once with `seqgen serve`", 0) end
		local command = "{ printf 'header = \"Authorization: Bearer '; tr -cd 0-9a-f < " .. M.quote(token)
			.. "; printf '\"\\n'; } | curl -q -K - -sS --noproxy '*' --proto =http --max-time " .. M.SECONDS
			.. " --max-filesize " .. M.MAX_BYTES .. " -w '\\n%{http_code}'"
		local sent
		if body then
			sent = os.tmpname()
			local file = assert(io.open(sent, "w"))
			file:write(body)
			file:close()
			command = command .. " -H 'Content-Type: application/json' --data-binary " .. M.quote("@" .. sent)
		end
		local pipe = assert(io.popen(command .. " " .. M.quote(url .. path) .. " 2>&1", "r"))
		local answer = pipe:read(M.MAX_BYTES + 1024) or ""
		pipe:close()
		if sent then os.remove(sent) end
		local text, status = answer:match("^(.*)\n(%d%d%d)%s*$")
		if not text or status == "000" then
			local reason = (text or answer):gsub("%s+", " "):sub(1, 200)
			error("the seqgen service does not answer at " .. url .. ": start it with `seqgen serve` (" .. reason .. ")", 0)
		end
		return text, tonumber(status)
	end
end

return M
