-- What seqgen's actions need to ask the service: its token, and HTTP through curl, for which REAPER never waits.

local M = {}

local PORT = tonumber(os.getenv("SEQGEN_PORT") or "") or 7716
local SECONDS = 120 -- that an answer may take
local MAX_ANSWER = 8 * 1024 * 1024

local windows = reaper.GetOS():match("^Win") ~= nil

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
function M.ask(json, path, body, kind, done)
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

return M
