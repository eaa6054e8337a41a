# KycMutation: corrupted answers of a provider, derived from a seed, and a server that sends them.
#
#   my $answer = mutation_answer(seed => 7, provider => 'payward', number => 12, operation => 'create', about => \%customer);
#   my $server = mutation_start('payward', seed => 7);       # in place of a sandbox; one process, kept connections
#   ... customers are m-000001, m-000002, ...: the first create and the first update of each get a mutated answer,
#   ... every later one the correct answer
#   my $seen = mutation_seen($server);                       # {customers => {KEY => {...}}, requests => N, unknown => {ID => 1}}
#   mutation_end($server);
#
# An answer depends only on seed, provider, number and operation. It decides whether the customer has a user at the server:
# after a 4xx there is none. An answer that can be read both ways (a 4xx behind other bytes) is `ambiguous`. Only core modules
# of Perl.
package KycMutation;

use strict;
use warnings;
use Digest::SHA qw(sha256);
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER SO_SNDBUF SO_SNDTIMEO IPPROTO_TCP TCP_NODELAY);
use KycTest;

our @EXPORT = qw(mutation_answer mutation_key mutation_start mutation_seen mutation_end);

my $json = JSON::PP->new->utf8->canonical;
my $owner = $$;
my %running;
my $started = 0;

sub mutation_key { return sprintf 'm-%06d', $_[0]; }

sub pick { return $_[int rand @_]; }
sub chance { return rand() < $_[0]; }
sub noise { return join '', map { chr int rand 256 } 1 .. $_[0]; }

# The content of a correct answer.

sub id_of { return sprintf 'USER%012d', $_[0]; }

sub success_body
{
    my ($provider, $operation, $about) = @_;
    my ($id, $key, $email) = @$about{qw(id key email)};
    my $named = chance(0.4);
    if ($operation eq 'update') {
        return '{"data":"success"}' if $provider eq 'payward';
        return '{"result":"success"}' if $provider eq 'kraken-embed';
        my $updated = pick('["address_street"]', '["residential_address"]', '[{"field":"residential_address.street_line_1"}]', '["phone"]', '[]', 'null');
        my $warnings = pick('', '', qq(,"warnings":["$email is odd"]), ',"warnings":[{"path":["residential_address","city"],"message":"odd"}]');
        return qq({"id":"$id","updated_fields":$updated,"requires_reverification":false$warnings});
    }
    return qq({"data":{"id":"$id","accounts":[]) . ($named ? qq(,"external_reference":"$key","email":"$email") : '') . '}}' if $provider eq 'payward';
    return qq({"result":{"user":"$id") . ($named ? qq(,"external_id":"$key") : '') . '}}' if $provider eq 'kraken-embed';
    return qq({"id":"$id","type":"individual") . ($named ? qq(,"email":"$email","metadata":{"external_id":"$key"}) : '') . '}' if $provider eq 'kira';
    return qq({"user":{"id":"$id") . ($named ? qq(,"email":"$email") : '') . '}}';
}

# Of another customer.
sub other_about { return {id => 'FOREIGN000000001', key => 'm-999999', email => 'm-999999@example.com'}; }

sub error_body
{
    return pick('{"error":"no"}', '{"errors":[{"code":"invalid","message":"phone is not valid"}]}', '{"message":"bad","code":17}',
        '<html>error</html>', '', '{"error":{"details":[{"path":"phone"}]}}', '{"email":"is taken"}');
}

# {version, status, reason, headers, body, framing (length, chunked, close), before, after}
sub base_answer
{
    my ($provider, $operation, $about) = @_;
    my $what = rand;
    my ($status, $body) = $what < 0.72 ? ($operation eq 'create' && $provider ne 'payso' ? 201 : 200, success_body($provider, $operation, $about))
        : $what < 0.86 ? (pick(400, 404, 422, 413), error_body()) : $what < 0.95 ? (pick(500, 502, 503, 504), error_body()) : (pick(408, 429), error_body());
    return {version => 'HTTP/1.1', status => $status, reason => 'Answer', headers => ['Content-Type: application/json'], body => $body,
        framing => chance(0.2) ? 'chunked' : 'length', before => '', after => '', is_good => $status < 300};
}

# Mutations of an answer before it is written.

sub spoil_status
{
    my ($answer) = @_;
    pick(
        sub { $answer->{version} = pick('HTTP/1.0', 'HTTP/2', 'HTTP/2.0', 'HTTP/3', 'HTTP/1.2', 'HTTP/0.9', 'HTTP/1', 'http/1.1', 'ICY', 'RTSP/1.0', '', "HTTP/1.1\t", ' HTTP/1.1') },
        sub { $answer->{status} = pick('', '0', '000', '99', '100', '199', '204', '205', '206', '299', '304', '999', '1000', '-201', '+201', '2O1', '20', '201.5', "2\x{0}1", '0201', '  201') },
        sub { $answer->{reason} = pick('', 'x' x 70_000, "\e[2J", "a\0b", 'HTTP/1.1 201 Created', noise(20) =~ tr/\r\n//dr) },
        sub { $answer->{before} = pick("\r\n", "\n\n", ' ', noise(5), 'x' x 30_000, "\x{16}\x{3}\x{1}") },
    )->();
}

sub spoil_headers
{
    my ($answer) = @_;
    my $headers = $answer->{headers};
    pick(
        sub { unshift @$headers, pick(" X-Folded: first\r\n\tand more", "\tX: y", ' ', " \t ", ' Content-Length: 5') },
        sub { splice @$headers, int rand(@$headers + 1), 0, "X-Long: a\r\n " . 'b' x pick(1, 1000, 60_000) . "\r\n\tc" },
        sub { push @$headers, 'X-Huge: ' . 'h' x pick(9_000, 99_000, 101_000, 140_000) },
        sub { push @$headers, map { "X-Many-$_: $_" } 1 .. pick(10, 300, 4_000) },
        sub { push @$headers, ('Content-Type: text/html') x pick(1, 2, 50) },
        sub { push @$headers, pick('no colon', ': no name', '', 'Bad Name: x', "X-Nul: a\0b", "X-Eight: \xff\xfe", "X-Cr: a\rb", 'X-Lf: a' . "\nSet-Cookie: b=c") },
        sub { push @$headers, pick('Set-Cookie: a=b; Domain=.example.com', 'Strict-Transport-Security: max-age=99999999', 'Alt-Svc: h2="127.0.0.1:1"; persist=1',
            'Location: http://127.0.0.1:1/', 'Refresh: 0; url=http://127.0.0.1:1/', 'WWW-Authenticate: Negotiate', 'WWW-Authenticate: Digest realm="x", nonce="' . 'n' x 5000 . '"',
            'Upgrade: h2c', 'Connection: Upgrade', 'Link: </x>; rel=preload', 'Trailer: Content-Length', 'Date: ' . 'x' x 200, 'X-Request-Id: ' . noise(40) =~ tr/\r\n//dr) },
        sub { push @$headers, pick('Connection: close', 'Connection: keep-alive', 'Proxy-Connection: close', 'Keep-Alive: timeout=0, max=0') },
        sub { push @$headers, pick('Content-Encoding: gzip', 'Content-Encoding: br', 'Transfer-Encoding: gzip', 'Transfer-Encoding: identity', 'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: xchunked') },
    )->();
}

sub spoil_length
{
    my ($answer) = @_;
    my $len = length $answer->{body};
    $answer->{framing} = 'own';
    push @{$answer->{headers}}, map { "Content-Length: $_" } @{pick([$len + 1 + int rand 50], [int rand($len + 1)], [-1], ["-$len"], ["+$len"], [0], ['9' x 30], [2 ** 31], [2 ** 63 - 1], ["0x$len"], [''], ["$len, $len"],
        ["$len "], ["$len;"], [$len, $len], [$len, $len + 1], [$len + 1, $len], ["00000$len"], ["$len\r\nTransfer-Encoding: chunked"])};
}

sub chunk { return sprintf("%x\r\n", length $_[0]) . "$_[0]\r\n"; }

sub spoil_chunks
{
    my ($answer) = @_;
    my $body = $answer->{body};
    my $half = int(length($body) / 2);
    my ($first, $second) = (substr($body, 0, $half), substr $body, $half);
    $answer->{framing} = 'own';
    push @{$answer->{headers}}, pick('Transfer-Encoding: chunked', 'Transfer-Encoding: Chunked', 'transfer-encoding:chunked', "Transfer-Encoding: chunked\r\nContent-Length: " . length $body);
    $answer->{body} = pick(
        sub { chunk($first) . chunk($second) . "0\r\n\r\n" },
        sub { join('', map { chunk($_) } split //, $body) . "0\r\n\r\n" },
        sub { chunk($first) . "zz\r\n$second\r\n0\r\n\r\n" },
        sub { chunk($first) . "-5\r\n$second\r\n0\r\n\r\n" },
        sub { 'f' x pick(8, 15, 16, 17, 400) . "\r\n$body\r\n0\r\n\r\n" },
        sub { sprintf("%x;", length $body) . 'e=' . 'x' x pick(1, 500, 30_000) . "\r\n$body\r\n0\r\n\r\n" },
        sub { sprintf("%x\n", length $body) . "$body\n0\n\n" },
        sub { sprintf("%x\r\n", length $body) . "$body" . "0\r\n\r\n" },
        sub { sprintf("%x\r\n", 1 + length $body) . "$body\r\n0\r\n\r\n" },
        sub { chunk($body) },
        sub { chunk($body) . "0\r\n" },
        sub { chunk($body) . "0\r\nX-Trailer: a\r\n" . pick("Content-Length: 3\r\n", " folded\r\n", 'X: ' . 't' x 120_000 . "\r\n", '') . "\r\n" },
        sub { chunk($body) . "0\r\n\r\n" . chunk('{"data":{"id":"FOREIGN000000001"}}') . "0\r\n\r\n" },
        sub { chunk($body) . "00000000\r\n\r\n" },
        sub { "\r\n" . chunk($body) . "0\r\n\r\n" },
        sub { "0\r\n\r\n" . chunk($body) },
    )->();
}

sub spoil_interim
{
    my ($answer) = @_;
    my $interim = sub { 'HTTP/1.1 ' . pick(100, 102, 103, 103, 199, 110) . " Interim\r\n" . join('', map { "$_\r\n" } @_) . "\r\n" };
    $answer->{before} .= pick(
        sub { $interim->() },
        sub { $interim->() x pick(2, 30, 900) },
        sub { $interim->('Link: </x>', 'X-Request-Id: interim') },
        sub { $interim->('Content-Length: 5') . pick('', 'hello') },
        sub { $interim->(' X-Folded: first') },
        sub { $interim->('X-A: b', ' folded') },
        sub { $interim->('Transfer-Encoding: chunked') },
        sub { "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" },
        sub { "HTTP/1.1 100\r\n" },
    )->();
}

sub spoil_json
{
    my ($answer) = @_;
    my $body = $answer->{body};
    my ($id) = $body =~ /"(USER\d+)"/;
    $answer->{body} = pick(
        sub { "\xef\xbb\xbf$body" },
        sub { "\xff\xfe" . join '', map { "$_\0" } split //, $body },
        sub { "\xef\xbb\xbf" x 2 . $body },
        sub { " \t\r\n$body \n" },
        sub { "\0$body" },
        sub { "$body\0" },
        sub { "$body$body" },
        sub { $body =~ s/\}\z/,}/r },
        sub { $body =~ s/"/'/gr },
        sub { $body =~ s/:/:\/* x *\//r },
        sub { "[$body]" },
        sub { '{"a":' x pick(10, 63, 64, 65, 5_000) . $body . '}' x 10 },
        sub { $body =~ s/\{/{"error":"but no",/r },
        sub { $body =~ s/\{/{"error":null,"errors":[],/r },
        sub { $body =~ s/\}\z/,"pad":"@{['p' x pick(10, 60_000, 66_000, 120_000)]}"}/r },
        sub { my $copy = $body; $copy =~ s/"\Q$id\E"/pick('null', '17', '{}', '[]', '""', '" "', 'true', '"..\/.."', '"\u0000"', '"\ud800"', '"a\nb"', '"' . 'x' x 129 . '"', '1e999', '-0', '0x10', 'NaN')/e if $id; $copy },
        sub { my $copy = $body; $copy =~ s/"(id|user)":/"$1":"x","$1":/; $copy },
        sub { my $copy = $body; $copy =~ s/"(id|user)"/sprintf '"\\u%04x%s"', ord substr($1, 0, 1), substr $1, 1/e; $copy },
        sub { my $copy = $body; $copy =~ s/"email":"[^"]*"/"email":"ann.lee\@example.com"/; $copy },
        sub { my $copy = $body; $copy =~ s/m-\d{6}/m-999999/; $copy },
        sub { $body =~ s/\}\z/,"n":@{['9' x pick(20, 400)]}}/r },
        sub { noise(pick(1, 50, 3_000)) },
        sub { '' },
        sub { 'null' },
        sub { "\x{1f}\x{8b}\x{8}\0" . noise(60) },
    )->();
}

# Behind the answer, in the same segment.
sub spoil_end
{
    my ($answer, $provider, $operation) = @_;
    my $other = success_body($provider, $operation, other_about());
    $answer->{after} .= pick(
        sub { "\r\n" },
        sub { noise(pick(1, 40, 4_000)) },
        sub { $answer->{is_good} ? "HTTP/1.1 201 Other\r\nContent-Length: " . length($other) . "\r\n\r\n$other" : '' },
        sub { $answer->{is_good} ? "HTTP/1.1 201 Other\r\nContent-Length: " . length($other) . "\r\n\r\n" . substr $other, 0, 9 : '' },
        sub { "HTTP/1.1 500 Other\r\nContent-Length: 2\r\n\r\n{}" x pick(1, 3) },
        sub { "HTTP/1.1 400 Other\r\nContent-Length: 2\r\n\r\n{}" },
        sub { 'HTTP/1.1 408 Request Timeout' . "\r\nConnection: close\r\n\r\n" },
    )->();
}

my @spoilers = (\&spoil_status, (\&spoil_headers) x 2, \&spoil_length, (\&spoil_chunks) x 2, \&spoil_interim, (\&spoil_json) x 2, \&spoil_end);

sub render
{
    my ($answer) = @_;
    my ($body, @headers) = ($answer->{body}, @{$answer->{headers}});
    push @headers, 'Content-Length: ' . length $body if $answer->{framing} eq 'length';
    if ($answer->{framing} eq 'chunked') {
        push @headers, 'Transfer-Encoding: chunked';
        $body = (length $body ? chunk($body) : '') . "0\r\n\r\n";
    }
    return $answer->{before} . "$answer->{version} $answer->{status} $answer->{reason}\r\n" . join('', map { "$_\r\n" } @headers) . "\r\n$body$answer->{after}";
}

# Mutations of the written bytes: single bytes, cuts, repeats.
sub spoil_bytes
{
    my ($bytes) = @_;
    my $at = int rand length $bytes;
    return pick(
        sub { my $copy = $bytes; substr($copy, int rand length $copy, 1) ^= chr(1 << int rand 8) for 1 .. pick(1, 1, 2, 8); $copy },
        sub { substr $bytes, 0, $at },
        sub { substr $bytes, 0, int rand(1 + index $bytes, "\r\n\r\n") },
        sub { substr($bytes, 0, $at) . noise(pick(1, 3, 100)) . substr $bytes, $at },
        sub { my $copy = $bytes; substr($copy, $at, pick(1, 2, 20)) = ''; $copy },
        sub { my $len = 1 + int rand 40; substr($bytes, 0, $at) . substr($bytes, $at, $len) x 2 . substr $bytes, $at },
        sub { $bytes =~ s/\r\n/\n/gr },
        sub { $bytes =~ s/\r\n/\r/gr },
    )->();
}

# {bytes, keep (the connection, when the answer was whole), reset, pieces, good (the base was a success), made (a user
# exists then), refused (it is a 4xx on the wire), ambiguous}
sub mutation_answer
{
    my (%option) = @_;
    my ($provider, $operation) = @option{qw(provider operation)};
    srand unpack 'N', sha256(join ' ', @option{qw(seed provider number operation)});
    my $answer = base_answer($provider, $operation, $option{about});
    my $count = pick(1, 1, 1, 2, 2, 3);
    $answer->{framing} = 'close' if chance(0.05);
    for (1 .. $count) {
        last if chance(0.15);    # bytes alone
        pick(@spoilers)->($answer, $provider, $operation);
    }
    my $bytes = render($answer);
    $bytes = spoil_bytes($bytes) if chance(0.35) && length $bytes;
    my $first = $bytes =~ m{\A(?:HTTP/1\.1 1\d\d [^\n]*\r\n(?:[!-~][^\n]*\r\n)*\r\n)*HTTP/1\.[01] (\d\d\d)[ \r\n]} ? $1 : '';
    my $refused = $first =~ /^4/;
    # A client may read a 4xx that is not at the beginning of the answer, or not.
    my $ambiguous = !$refused && $bytes =~ m{HTTP/\s*\S*\s+4\d\d}i || ($refused && $answer->{before} ne '');
    return {bytes => $bytes, keep => chance(0.5), reset => chance(0.04), pieces => pick(1, 1, 1, 2, 5), refused => $refused ? 1 : 0,
        good => $answer->{is_good} ? 1 : 0, ambiguous => $ambiguous ? 1 : 0, made => $answer->{is_good} && !$refused || chance(0.2) && !$refused ? 1 : 0};
}

# The server.

# Removes a complete request from the beginning of *in: (line, body); empty when there is none yet.
sub pop_request
{
    my ($in) = @_;
    my $end = index $$in, "\r\n\r\n";
    return if $end < 0;
    my $head = substr $$in, 0, $end + 4;
    my ($len) = $head =~ /\r\ncontent-length: *(\d+)/i;
    $len ||= 0;
    return if length $$in < $end + 4 + $len;
    my $body = substr $$in, $end + 4, $len;
    substr($$in, 0, $end + 4 + $len) = '';
    return ($head =~ /\A([^\r]*)/, $body);
}

sub plain
{
    my ($status, $body) = @_;
    return {bytes => "HTTP/1.1 $status Answer\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body", keep => 1, pieces => 1};
}

sub number_of { return $_[0] =~ /"m-0*(\d+)(?:\@example\.com)?"/ ? $1 : undef; }

sub about
{
    my ($number) = @_;
    my $key = mutation_key($number);
    return {number => $number, key => $key, id => id_of($number), email => "$key\@example.com"};
}

# The first request of a customer's operation gets a mutated answer, the others the correct one.
sub answer_for
{
    my ($state, $operation, $number, $body) = @_;
    my $about = about($number);
    my $customer = $state->{customers}{$about->{key}} ||= {number => $number, users => 0, bytes => ''};
    my $answer;
    if ($customer->{$operation}++) {
        my $exists = $operation eq 'create' && $state->{provider} eq 'payso' && $customer->{users};
        $answer = $exists ? plain(422, '{"errors":[{"code":"record_not_unique","message":"Email has already been taken"}]}')
            : plain($operation eq 'create' && $state->{provider} ne 'payso' ? 201 : 200, success_body($state->{provider}, $operation, $about));
        $customer->{again_refused} = 1 if $exists;
        @$answer{qw(made)} = (!$exists);
    } else {
        $answer = mutation_answer(seed => $state->{seed}, provider => $state->{provider}, number => $number, operation => $operation, about => $about);
        $customer->{"${operation}_$_"} = $answer->{$_} for qw(refused ambiguous good);
        $state->{mutated}++;
    }
    # Both ends of it: an id may follow a head of any size.
    $customer->{bytes} .= length $answer->{bytes} > 131072
        ? substr($answer->{bytes}, 0, 65536) . substr $answer->{bytes}, -65536 : $answer->{bytes};
    if ($operation eq 'create' && $answer->{made}) {
        $customer->{users} = 1;
        ($customer->{inner}) = $state->{provider} eq 'payso' ? $body =~ /\A\{"user":\{(.*)\}\}\z/s : $body =~ /\A\{(.*)\}\z/s;
    }
    $customer->{updated} = 1 if $operation eq 'update' && $answer->{made};
    return $answer;
}

# A user in a listing or a fetch.
sub user_json { return '{"id":"' . id_of($_[0]{number}) . qq(",$_[0]{inner}}); }

sub answer_request
{
    my ($state, $line, $body) = @_;
    my ($method, $target) = $line =~ /^(\S+) (\S+)/;
    $state->{requests}++;
    return plain(200, '{"data":{"access_token":"token","expires_in":3600,"token_type":"Bearer"}}') if $target =~ m{/auth$};
    if ($method eq 'POST') {
        my $number = number_of($body);
        return answer_for($state, 'create', $number, $body) if defined $number;
    }
    if ($method =~ /^(?:PUT|PATCH)$/) {
        my ($id) = $target =~ m{/([^/]+)$};
        return answer_for($state, 'update', $1 + 0, $body) if $id =~ /^USER(\d{12})$/;
        $state->{unknown}{$id} = 1;    # an id from a mutated answer
        return plain(404, '{"error":"not found"}');
    }
    my @users = sort { $a->{number} <=> $b->{number} } grep { $_->{users} } values %{$state->{customers}};
    return plain(200, '{"users":[' . join(',', map { user_json($_) } @users) . ']}') if "$method $target" eq 'GET /payso/users';
    if ($target =~ m{^/kira/v1/users\?email=m-(\d+)%40example\.com&limit=\d+&offset=(\d+)$}) {
        my @found = grep { $_->{number} == $1 && !$2 } @users;
        return plain(200, '{"data":[' . join(',', map { user_json($_) } @found) . ']}');
    }
    if ($target =~ m{^/kira/v1/users/USER(\d{12})$}) {
        my ($found) = grep { $_->{number} == $1 } @users;
        return plain(200, user_json($found)) if $found;
    }
    $state->{strange}{"$method $target"}++;
    return plain(404, '{"error":"not found"}');
}

# False when the connection ends.
sub send_answer
{
    my ($socket, $answer) = @_;
    my ($bytes, $at) = ($answer->{bytes}, 0);
    my $piece = int(length($bytes) / $answer->{pieces}) + 1;
    while ($at < length $bytes) {
        my $sent = syswrite $socket, $bytes, $piece, $at or return;
        $at += $sent;
    }
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $answer->{reset};
    return $answer->{keep} && !$answer->{reset};
}

sub serve
{
    my ($listener, $state) = @_;
    my $select = IO::Select->new($listener);
    my %in;
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{USR1} = sub {
        write_file("$state->{path}.new", $json->encode({map { $_ => $state->{$_} } qw(customers requests unknown strange mutated)}));
        rename "$state->{path}.new", $state->{path};
    };
    while (1) {
        for my $socket ($select->can_read) {
            if ($socket == $listener) {
                my $client = $listener->accept or next;
                setsockopt $client, SOL_SOCKET, SO_SNDBUF, pack 'i', 1 << 20;
                setsockopt $client, SOL_SOCKET, SO_SNDTIMEO, pack 'll', 2, 0;
                setsockopt $client, IPPROTO_TCP, TCP_NODELAY, pack 'i', 1;
                $select->add($client);
                $in{$client} = '';
                next;
            }
            my $keep = sysread $socket, $in{$socket}, 65536, length $in{$socket};
            while ($keep and my ($line, $body) = pop_request(\$in{$socket})) {
                $keep = send_answer($socket, answer_request($state, $line, $body));
            }
            next if $keep;
            $select->remove($socket);
            delete $in{$socket};
            close $socket;
        }
    }
}

sub mutation_start
{
    my ($provider, %option) = @_;
    my $listener = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!";
    my $tag = "mutation-$owner-$$-" . ++$started;
    my $folder = scratch_folder();
    my $server = {url => 'http://127.0.0.1:' . $listener->sockport, folder => $folder, path => "$folder/seen", out => invented_credentials($tag)};
    $server->{pid} = fork;
    die "fork: $!" if !defined $server->{pid};
    if (!$server->{pid}) {
        serve($listener, {provider => $provider, seed => $option{seed}, path => $server->{path}, customers => {}, requests => 0, unknown => {}, strange => {}, mutated => 0});
        POSIX::_exit(0);
    }
    $running{$server->{pid}} = 1;
    test_process($server->{pid});
    return $server;
}

# What the server received so far.
sub mutation_seen
{
    my ($server) = @_;
    unlink $server->{path};
    kill 'USR1', $server->{pid};
    for (1 .. 3000) {
        return $json->decode(read_file($server->{path})) if -e $server->{path};
        select undef, undef, undef, 0.01;
    }
    die 'the server does not answer';
}

sub mutation_end
{
    my ($server) = @_;
    delete $running{$server->{pid}} or return;
    kill 'KILL', $server->{pid};
    waitpid $server->{pid}, 0;
}

1;
