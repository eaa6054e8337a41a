# KycTest: shared by the tests of the programs: a sandbox per test, signed requests, its counters.
#
#   use FindBin; use lib "$FindBin::Bin/../lib"; use KycTest;
#   my $sb = sandbox_start('--rate', '50/s', '--fault', 'drop:5%');
#   ... "$sb->{url}/payward" is the base_url of a job ...
#   my $counts = sandbox_counts($sb)->{payward};    # {users => N, duplicates => N, over_limit => N, ...}
#   sandbox_stop($sb);
#
# Only core modules of Perl. Programs are taken from the folder $ENV{KYC_BUILD} (default: build). Every process
# started here is ended by its pid, at the latest when the test ends.
package KycTest;

use strict;
use warnings;
use Digest::SHA qw(sha256 hmac_sha512);
use Exporter 'import';
use File::Glob ();
use File::Temp ();
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(decode_base64 encode_base64);
use POSIX ();
use Time::HiRes ();

our @EXPORT = qw(
    program scratch_folder write_file read_file run_program provider_names
    sandbox_start sandbox_stop sandbox_kill sandbox_counts sandbox_users sandbox_faults sandbox_reset
    sandbox_keys signed_headers signed_request next_nonce payward_body
    kraken_body kira_body payso_body plain_request sandbox_login kira_login kira_request payso_request sandbox_control tls_certificate
    test_forked test_process test_at_end end_processes wait_until_it_heeds_signals free_port invented_credentials glob
);

# What the person who runs a test has set for their own work: a server of PostgreSQL, a terminal, a language, in which strftime
# and other programs write, and who may read their files.
delete @ENV{qw(TERM COLUMNS LANGUAGE), grep { /^PG[A-Z]/ } keys %ENV};
$ENV{LC_ALL} = 'C.UTF-8';
POSIX::setlocale(POSIX::LC_ALL(), 'C');
umask 022;

# No proxy of the environment: a test may have set one that leads nowhere.
my @direct = (proxy => undef, http_proxy => undef, https_proxy => undef);
my $json = JSON::PP->new->utf8->canonical;
my $owner = $$;
my %running;
my @at_end;

# The path of a program of this build.
sub program
{
    my ($name) = @_;
    my $folder = defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build';
    return "$folder/$name";
}

# A folder of its own that is removed at the end of the test (kept with KYC_KEEP=1).
sub scratch_folder
{
    return File::Temp->newdir('kyc-test-XXXXXX', TMPDIR => 1, CLEANUP => !$ENV{KYC_KEEP});
}

sub write_file
{
    my ($path, $bytes) = @_;
    open my $file, '>:raw', $path or die "$path: $!";
    print {$file} $bytes;
    close $file or die "$path: $!";
}

sub read_file
{
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    local $/;
    my $bytes = <$file>;
    return defined $bytes ? $bytes : '';
}

# In the place of Perl's own, which takes the name of a folder with a blank apart: several patterns, of which each but the first
# is an absolute path, stand in one text.
sub glob { return map { File::Glob::bsd_glob($_) } split m{ (?=/)}, $_[0]; }

# Runs a program to its end: (exit status, standard output, standard error). A death by signal N is 128 + N.
sub run_program
{
    my (@command) = @_;
    my ($out, $err) = (File::Temp->new, File::Temp->new);
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>&', $out;
        open STDERR, '>&', $err;
        { exec {$command[0]} @command; }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return ($status, read_file($out->filename), read_file($err->filename));
}

# The names of all providers, as `help providers` lists them: a new one is tested with the others.
sub provider_names { return (run_program(program('kyc-import'), 'help', 'providers'))[1] =~ m{^  (\S+) +https://}mg; }

# Starts a sandbox on a free port (unless --listen is among the options) and waits until it listens.
# Returns {pid, port, url, out => what it printed at its start, nonce_window}; with --tls-pem also tls_port.
sub sandbox_start
{
    my (@options) = @_;
    unshift @options, '--listen', '127.0.0.1:0' if !grep { $_ eq '--listen' } @options;
    # Separate keys: a run locks each API key, and another test may run at the same time; and an account cannot open a lock that
    # another one's test has left.
    push @options, '--key-tag', $owner if !grep { $_ eq '--key-tag' } @options;
    for my $i (grep { $> && $options[$_] eq '--key-tag' } 0 .. $#options) { $options[$i + 1] .= "-$>" }
    my $path = program('kyc-sandbox');
    # Not open '-|': closing such a pipe waits for the process, and a test that dies would wait for ever.
    pipe my $out, my $in or die "pipe: $!";
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        open STDOUT, '>&', $in;
        { exec {$path} $path, @options; }
        POSIX::_exit(127);
    }
    close $in;
    $running{$pid} = 1;
    my ($window) = map { $options[$_ + 1] } grep { $options[$_] eq '--nonce-window' } 0 .. $#options;
    my $sb = {pid => $pid, pipe => $out, out => '', nonce_window => $window || 0};
    local $SIG{ALRM} = sub { die "$path: not ready after 30 s" };
    alarm 30;
    while (my $line = <$out>) {
        $sb->{out} .= $line;
        ($sb->{url}, $sb->{port}) = ($1, $2) if $line =~ m{listening on (http://\S+:(\d+))};
        $sb->{tls_port} = $1 if $line =~ m{listening on https://\S+:(\d+)};
        last if $line =~ /^kyc-sandbox: ready/;
    }
    alarm 0;
    if (!$sb->{port}) {
        sandbox_kill($sb);
        die "$path @options: did not start: $sb->{out}";
    }
    return $sb;
}

sub end_process
{
    my ($sb, $signal) = @_;
    return $sb->{status} if !delete $running{$sb->{pid}};
    kill $signal, $sb->{pid};
    waitpid $sb->{pid}, 0;
    $sb->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    close $sb->{pipe};
    return $sb->{status};
}

# Ends it by SIGTERM and returns its exit status.
sub sandbox_stop { return end_process($_[0], 'TERM'); }

# Ends it by kill -9: nothing more is answered or written.
sub sandbox_kill { return end_process($_[0], 'KILL'); }

sub control
{
    my ($sb, $method, $path, $content) = @_;
    my $http = HTTP::Tiny->new(timeout => 60, keep_alive => 0, @direct);
    my $answer = $http->request($method, "$sb->{url}$path", defined $content ? {content => $content} : {});
    die "$method $path: $answer->{status} $answer->{content}" if !$answer->{success};
    return $answer->{content};
}

# All counters: {payward => {users, requests, by_status => {201 => N}, faults => {drop => N}, ...}}.
sub sandbox_counts { return $json->decode(control($_[0], 'GET', '/_sandbox')); }

# The users of a provider, in the order of their creation: ({external_id, id, email, body}, ...).
sub sandbox_users
{
    my ($sb, $provider) = @_;
    $provider ||= 'payward';
    return map { $json->decode($_) } split /\n/, control($sb, 'GET', "/_sandbox/users/$provider");
}

# Replaces the faults of a running sandbox: sandbox_faults($sb, 'drop:5%', 'slow:1%'); without arguments: no faults.
# KIND:xN applies the fault to the next N requests only.
sub sandbox_faults
{
    my ($sb, @faults) = @_;
    control($sb, 'POST', '/_sandbox/faults', join '', map { "$_\n" } @faults);
}

# Sets the counters to zero; users and nonces stay.
sub sandbox_reset { control($_[0], 'POST', '/_sandbox/reset', ''); }

# The demo credentials that it printed: ([api_key, api_secret], ...).
sub sandbox_keys
{
    my ($sb, $provider) = @_;
    $provider ||= 'payward';
    return map { /: \Q$provider\E: api_key (\S+), api_secret (\S+)/ ? [$1, $2] : () } split /\n/, $sb->{out};
}

my $last_nonce = 0;
my $ports_tried = 0;

# Nanoseconds since the epoch, strictly increasing within one process.
sub next_nonce
{
    my ($s, $us) = Time::HiRes::gettimeofday();
    my $nonce = $s * 1_000_000_000 + $us * 1000;
    $last_nonce = $nonce > $last_nonce ? $nonce : $last_nonce + 1;
    return $last_nonce;
}

# The headers of a signed request, for the provider in the target. Options: key, secret, nonce, sign
# (each replaces the right one), headers (more of them).
sub signed_headers
{
    my ($sb, $target, $body, %option) = @_;
    my ($first) = sandbox_keys($sb, $target =~ m{^/([^/]+)/} ? $1 : ());
    $first ||= (sandbox_keys($sb))[0];
    my $secret = defined $option{secret} ? $option{secret} : $first->[1];
    my $nonce = defined $option{nonce} ? $option{nonce} : next_nonce();
    my $sign = encode_base64(hmac_sha512($target . sha256($nonce . $body), decode_base64($secret)), '');
    return {
        'API-Key' => defined $option{key} ? $option{key} : $first->[0],
        'API-Nonce' => $nonce,
        'API-Sign' => defined $option{sign} ? $option{sign} : $sign,
        'Content-Type' => defined $option{content_type} ? $option{content_type} : 'application/json',
        $target =~ m{^/kraken-embed/} ? ('Payward-Version' => '2025-04-15') : (),
        %{$option{headers} || {}},
    };
}

# One signed request on a connection of its own: {status, headers, content, json}. Status 599: no complete
# answer; content is then the reason. Options as of signed_headers, and timeout (seconds).
sub signed_request
{
    my ($sb, $method, $target, $body, %option) = @_;
    $body = '' if !defined $body;
    $body = $json->encode($body) if ref $body;
    my $http = HTTP::Tiny->new(timeout => $option{timeout} || 30, keep_alive => 0, max_redirect => 0, @direct);
    my $answer = $http->request($method, $sb->{url} . $target,
        {headers => signed_headers($sb, $target, $body, %option), $body eq '' ? () : (content => $body)});
    $answer->{json} = eval { $json->decode($answer->{content}) };
    return $answer;
}

# A complete and valid body of a payward create, as a hash; more members replace these.
sub payward_body
{
    my ($reference, %more) = @_;
    return {
        email => "$reference\@example.com",
        external_reference => $reference,
        full_name => {first_name => 'Alex', last_name => 'Morgan'},
        birth => {date => '1990-04-15', city => 'San Francisco', country => 'US'},
        residence => {line1 => '1 Market St', city => 'San Francisco', postal_code => '94103', country => 'US'},
        phone => '+14155550110',
        nationalities => ['US'],
        occupation => 'computers_and_it',
        %more,
    };
}

# The same of kraken-embed.
sub kraken_body
{
    my ($external_id, %more) = @_;
    my $body = payward_body($external_id);
    my $birth = delete $body->{birth};
    delete $body->{external_reference};
    return {
        %$body,
        external_id => $external_id,
        tos_version_accepted => 1,
        date_of_birth => $birth->{date},
        city_of_birth => $birth->{city},
        country_of_birth => $birth->{country},
        %more,
    };
}

# The same of kira: the fields that its pages list for a person.
sub kira_body
{
    my ($external_id, %more) = @_;
    return {
        type => 'individual',
        first_name => 'Maria',
        last_name => 'Gonzalez',
        email => "$external_id\@example.com",
        phone => '+525555550110',
        birth_date => '1990-05-15',
        nationality => 'MEX',
        external_id => $external_id,
        address_street => 'Av. Reforma 123',
        address_city => 'Ciudad de Mexico',
        address_state => 'CDMX',
        address_zip_code => '06600',
        address_country => 'MEX',
        source_of_funds => 'salary',
        account_purpose => 'receive_payments',
        metadata => {external_id => $external_id},
        %more,
    };
}

# The same of payso, in its wrapper.
sub payso_body
{
    my ($name, %more) = @_;
    return {user => {
        beneficiary_type => 'individual',
        first_name => 'Marco',
        last_name => 'Pierre White',
        company_name => undef,
        email => "$name\@example.com",
        phone => '+447700900110',
        date_of_birth => '12/11/1985',
        address_line1 => '2 Bellevue Road',
        address_line2 => undef,
        city => 'London',
        state => 'London',
        postcode => 'SW177EG',
        country => 'GB',
        nationality => 'GB',
        ssn => undef,
        source_of_funds => undef,
        business_activity => undef,
        %more,
    }};
}

# One request with given headers on a connection of its own, answered as by signed_request. A hash is sent as JSON.
sub plain_request
{
    my ($sb, $method, $target, $body, %option) = @_;
    $body = '' if !defined $body;
    $body = $json->encode($body) if ref $body;
    my %headers = ($body eq '' ? () : ('Content-Type' => 'application/json'), %{$option{headers} || {}});
    delete @headers{grep { !defined $headers{$_} } keys %headers};
    my $http = HTTP::Tiny->new(timeout => $option{timeout} || 30, keep_alive => 0, max_redirect => 0, @direct);
    my $answer = $http->request($method, $sb->{url} . $target,
        {headers => \%headers, $body eq '' ? () : (content => $body)});
    $answer->{json} = eval { $json->decode($answer->{content}) };
    return $answer;
}

# The demo credentials of kira and payso that it printed: {api_key, client_id, password} or {token}.
sub sandbox_login
{
    my ($sb, $provider) = @_;
    my ($line) = $sb->{out} =~ /: \Q$provider\E: (.*)/ or die "$provider: no credentials printed";
    return {map { split / /, $_, 2 } split /, /, $line};
}

# Credentials of each kind, as a sandbox prints them, for a test's own server: no lock of another test is in the way.
sub invented_credentials
{
    my ($tag) = @_;
    my $secret = encode_base64("decoded-secret-$tag", '');
    return join '', map { "test: $_\n" }
        (map { "$_: api_key API-KEY-$_-$tag, api_secret $secret" } qw(payward kraken-embed)),
        "kira: api_key API-KEY-kira-$tag, client_id client-$tag, password pass+word/$tag",
        "payso: token TOKEN-$tag";
}

# A new bearer token of kira.
sub kira_login
{
    my ($sb) = @_;
    my $login = sandbox_login($sb, 'kira');
    my $answer = plain_request($sb, 'POST', '/kira/auth', {client_id => $login->{client_id}, password => $login->{password}},
        headers => {'x-api-key' => $login->{api_key}});
    return $answer->{json}{data}{access_token};
}

my $idempotency_number = 0;

# A request to kira with all required headers; a new login and a new idempotency key unless token and key are given.
# headers replace these; undef removes one.
sub kira_request
{
    my ($sb, $method, $path, $body, %option) = @_;
    my $token = defined $option{token} ? $option{token} : ($sb->{kira_token} ||= kira_login($sb));
    my $key = defined $option{key} ? $option{key} : 'key-' . ++$idempotency_number;
    return plain_request($sb, $method, "/kira$path", $body, timeout => $option{timeout}, headers => {
        'x-api-key' => sandbox_login($sb, 'kira')->{api_key},
        'X-Api-Version' => '2026-04-14',
        'Authorization' => "Bearer $token",
        $method eq 'POST' ? ('Idempotency-Key' => $key) : (),
        %{$option{headers} || {}},
    });
}

# A request to payso with its token.
sub payso_request
{
    my ($sb, $method, $path, $body, %option) = @_;
    return plain_request($sb, $method, "/payso$path", $body, timeout => $option{timeout}, headers => {
        'Authorization' => 'Bearer ' . sandbox_login($sb, 'payso')->{token},
        'Accept' => 'application/json',
        %{$option{headers} || {}},
    });
}

# A request to a control path of the sandbox; dies when it is refused.
sub sandbox_control { return control(@_); }

# A new key and a certificate that it signed for itself and a name (or an address): PATH.crt, and PATH.pem for --tls-pem.
sub tls_certificate
{
    my ($path, $name) = @_;
    my $kind = $name =~ /^[\d.]+$/ ? 'IP' : 'DNS';
    my ($status, undef, $err) = run_program(qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2),
        '-keyout', "$path.pem", '-out', "$path.crt", '-subj', "/CN=$name", '-addext', "subjectAltName=$kind:$name");
    die "openssl: $err" if $status;
    write_file("$path.pem", read_file("$path.pem") . read_file("$path.crt"));
}

# A port without a listener, below the range of outgoing connections: it stays free while a server on it restarts. Each
# process begins at another one.
sub free_port
{
    for (1 .. 1000) {
        my $port = 12_000 + ($$ * 37 + $ports_tried++) % 18_000;
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1) or next;
        close $socket;
        return $port;
    }
    die "no free port: $!";
}

# To be called in a forked process: it ends only the processes that it starts itself.
sub test_forked
{
    $owner = $$;
    %running = ();
    @at_end = ();
    srand;
}

# A process that ends with the test.
sub test_process { $running{$_[0]} = 1; }

# Until a process of kyc-import handles its signals: one that comes before would end it, as it ends any process. It dies when
# that takes longer than a minute, as where the process has ended.
sub wait_until_it_heeds_signals
{
    my ($pid) = @_;
    for (1 .. 3000) {
        my $program = readlink "/proc/$pid/exe";    # Perl's own is still that of the fork, which blocks signals too
        my ($blocked) = eval { read_file("/proc/$pid/status") =~ /^SigBlk:\s+(\w+)$/m };
        return if defined $program && $program ne readlink '/proc/self/exe' and defined $blocked && hex(substr $blocked, -8) & 1 << POSIX::SIGINT() - 1;
        select undef, undef, undef, 0.02;
    }
    die "process $pid does not handle its signals";
}

# Called when this process, which a test has forked, ends its processes; not when it dies, nor of the test itself.
sub test_at_end { push @at_end, $_[0]; }

sub end_processes
{
    eval { $_->() } for splice @at_end;
    for my $pid (keys %running) {
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }
    %running = ();
}

END {
    if ($$ == $owner) {
        local $?;
        @at_end = ();
        end_processes();
    }
}

1;
