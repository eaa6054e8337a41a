#!/usr/bin/perl
# TLS to a provider: an untrusted server gets no byte of a request, the environment weakens nothing, a private CA of the job
# is enough for a whole run; and http:// is only for loopback.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep);
use KycProxy;
use KycTest;
use KycRun;

my $pki = scratch_folder();

sub openssl
{
    my ($status, $out, $err) = run_program('openssl', @_);
    die "openssl @_: $err" if $status;
    return $out;
}

# A private CA, and a certificate of it for a name: NAME.pem holds key and certificate.
sub authority
{
    my ($name) = @_;
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 3, '-subj', "/CN=$name", '-keyout', "$pki/$name.key", '-out', "$pki/$name.crt");
}

sub certificate
{
    my ($ca, $name, $for, @dates) = @_;
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', "/CN=$name", '-keyout', "$pki/$name.key", '-out', "$pki/$name.csr");
    write_file("$pki/$name.ext", "subjectAltName=$for\n");
    if (@dates) {    # only `openssl ca` writes a certificate that has ended
        write_file("$pki/ca.cnf", "[ca]\ndefault_ca=c\n[c]\nnew_certs_dir=$pki\ndatabase=$pki/index\nserial=$pki/serial\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n");
        write_file("$pki/index", '');
        write_file("$pki/serial", "01\n");
        openssl('ca', '-batch', '-config', "$pki/ca.cnf", '-cert', "$pki/$ca.crt", '-keyfile', "$pki/$ca.key", '-in', "$pki/$name.csr",
            '-startdate', $dates[0], '-enddate', $dates[1], '-extfile', "$pki/$name.ext", '-notext', '-out', "$pki/$name.crt");
    } else {
        openssl('x509', '-req', '-in', "$pki/$name.csr", '-CA', "$pki/$ca.crt", '-CAkey', "$pki/$ca.key", '-CAcreateserial', '-days', 3, '-extfile', "$pki/$name.ext", '-out', "$pki/$name.crt");
    }
    write_file("$pki/$name.pem", read_file("$pki/$name.key") . read_file("$pki/$name.crt"));
    return "$pki/$name.pem";
}

authority('ca');
authority('other');
my $good = certificate('ca', 'good', 'IP:127.0.0.1');
my $elsewhere = certificate('ca', 'elsewhere', 'DNS:api.example.com');
my $expired = certificate('ca', 'expired', 'IP:127.0.0.1', '20200101000000Z', '20200201000000Z');

# openssl's own server: it prints the request, and a line for each connection.
sub server
{
    my ($pem, @options) = @_;
    my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
    my $out = "$pki/server-$port";
    pipe my $silence, my $hold or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        close $hold;
        open STDIN, '<&', $silence;
        open STDOUT, '>', $out;
        open STDERR, '>&', \*STDOUT;
        { exec 'openssl', 's_server', '-accept', "127.0.0.1:$port", '-cert', $pem, '-key', $pem, @options; }
        POSIX::_exit(127);
    }
    for (1 .. 200) {
        last if -e $out && read_file($out) =~ /ACCEPT/;
        sleep 0.05;
    }
    return {pid => $pid, port => $port, out => $out, hold => $hold};
}
sub server_end { kill 'KILL', $_[0]{pid}; waitpid $_[0]{pid}, 0; return read_file($_[0]{out}) }

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--tls-pem', $good);
my %quick = ('delivery.attempts' => 2, 'delivery.timeout' => '5s', 'delivery.retry_for' => '3s');

for my $refused (
    ['an unknown authority', $good, [], undef, qr/(?:certificate|issuer).*/i],
    ['another authority than the job adds', $good, [], 'other.crt', qr/certificate|issuer/i],
    ['a certificate for another host', $elsewhere, [], 'ca.crt', qr/subject|match|name/i],
    ['a certificate that has ended', $expired, [], 'ca.crt', qr/expired/i],
    ['TLS 1.1', $good, ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'], 'ca.crt', qr/version|protocol/i],
    ['no cipher that is any good', $good, ['-tls1_2', '-cipher', 'eNULL:@SECLEVEL=0'], 'ca.crt', qr/handshake|cipher/i],
) {
    my ($sentence, $pem, $options, $ca, $says) = @$refused;
    subtest "$sentence is refused" => sub {
        my $server = server($pem, @$options);
        my $case = case_new({url => "https://127.0.0.1:$server->{port}", out => $sandbox->{out}}, rows => 2,
            set => {%quick, $ca ? ('provider.ca_file' => "$pki/$ca") : ()});
        # All that a person might think would help, or an attacker would like.
        local @ENV{qw(SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE)} = $sentence =~ /authority/ ? ("$pki/ca.crt", $pki, "$pki/ca.crt", "$pki/ca.crt") : ();
        delete @ENV{grep { !defined $ENV{$_} } keys %ENV};
        local $ENV{SSLKEYLOGFILE} = "$pki/keys";
        my ($status, $out, $err) = case_run($case, 'probe');
        is($status, 1, 'probe: status 1');
        like($out, qr/^tls +NOT OK +.*$says/m, 'its line names it') or diag $out;
        like($out, qr/^tls.*\n?.*(?:ca_file|certificate|TLS)/m, 'and what to look at');
        ($status, $out, $err) = case_run($case);
        like($status, qr/^[14]$/, "run: status $status");
        my $summary = case_summary($case);
        is("$summary->{created} $summary->{in_doubt} $summary->{unsent}", '0 0 2', 'nothing was sent, and nothing is in doubt');
        is($summary->{requests}, 0, 'no request left');
        my $heard = server_end($server);
        unlike($heard, qr/API-Key|POST |external_reference|cust-0/, 'the server heard not a byte of one') or diag $heard;
        ok(!-e "$pki/keys", 'no session keys were written down');
    };
}

subtest 'the same server, trusted, hears the request' => sub {
    my $server = server($good);
    my $case = case_new({url => "https://127.0.0.1:$server->{port}", out => $sandbox->{out}}, rows => 1,
        set => {'delivery.attempts' => 3, 'delivery.timeout' => '3s', 'provider.ca_file' => "$pki/ca.crt"});
    is((case_run($case, '-q'))[0], 1, 'status 1: it never answers');
    is(case_summary($case)->{in_doubt}, 1, 'which leaves a create in doubt');
    my $heard = server_end($server);
    like($heard, qr/POST .*API-Key.*cust-000001/s, 'it heard all of it');
    is(scalar(() = $heard =~ /^Reused session-id/mg), 2, 'the second and third connection resume the TLS session of the one before');
};

subtest 'a run over HTTPS, with a CA of the job\'s own' => sub {
    for my $provider (provider_names()) {
        my $case = case_new({%$sandbox, url => "https://127.0.0.1:$sandbox->{tls_port}"}, provider => $provider, rows => 15, set => {'provider.ca_file' => "$pki/ca.crt"});
        local $ENV{SSLKEYLOGFILE} = "$pki/keys";
        local @ENV{qw(https_proxy HTTPS_PROXY ALL_PROXY all_proxy http_proxy)} = ('http://127.0.0.1:9') x 5;
        local $ENV{HOME} = $pki;
        write_file("$pki/.netrc", "machine 127.0.0.1 login evil password evil\n");
        write_file("$pki/.curlrc", "insecure\nproxy = 127.0.0.1:9\n");
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 0, "$provider: status 0, whatever the environment's proxies, .netrc and .curlrc say") or diag $err;
        is(case_summary($case)->{created}, 15, "$provider: all are created");
        is(sandbox_counts($sandbox)->{$provider}{users}, 15, "$provider: as the provider says");
        ok(!-e "$pki/keys", "$provider: no session keys were written down");
    }
};

# A TLS 1.3 server sends session tickets at any time. A kept connection with unread bytes is not used again, so a ticket
# must not be left unread after each request.
subtest 'kept connections are kept over TLS' => sub {
    my $pem = certificate('ca', 'named', 'DNS:payward.example.invalid');
    my $named = sandbox_start('--nonce-window', 10_000_000_000, '--tls-pem', $pem);
    my $proxy = proxy_start($named->{tls_port});
    my $case = case_new($named, base_url => "https://payward.example.invalid:$named->{tls_port}/payward", rows => 200,
        set => {'provider.ca_file' => "$pki/ca.crt", 'provider.proxy' => "http://127.0.0.1:$proxy->{port}", 'delivery.in_flight' => 4});
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'status 0') or diag $err;
    is(case_summary($case)->{created}, 200, 'all are created');
    my $connections = proxy_connections($proxy);
    cmp_ok($connections, '<=', 4, "200 requests of which 4 are in flight need at most 4 connections ($connections)");
    sandbox_stop($named);
};

subtest 'there is no way to turn it off' => sub {
    for my $name (qw(insecure verify tls_verify verify_peer ssl_verify tls)) {
        my $case = case_new({url => "https://127.0.0.1:$sandbox->{tls_port}", out => $sandbox->{out}}, rows => 1, set => {"provider.$name" => 'false'});
        my ($status, undef, $err) = case_run($case);
        is($status, 2, "provider.$name is no setting");
    }
};

subtest 'http:// is only for loopback' => sub {
    my $case = case_new($sandbox, rows => 1);
    my $secret = 'xyzzy-4711';
    for my $url ('http://example.com', 'http://127.0.0.1.example.com', 'http://127.0.0.1@example.com', "http://user:$secret\@127.0.0.1", 'http://127.1', 'http://0x7f.1',
        'http://0x7f000001', 'http://2130706433', 'http://0177.0.0.1', 'http://127.0.0.1.', 'http://127.0.0.01', 'http://localhost.example.com', 'http://localhost.',
        'http://0.0.0.0', 'http://[::]', 'http://[::ffff:127.0.0.1]', 'http://[::1%25lo]', 'http://10.0.0.1', 'http://loopback', 'http:///x', 'http://:80',
        'http://127.0.0.1\\@example.com', 'http://127.0.0.1#@example.com', 'http://127.0.0.1?@example.com', 'ftp://127.0.0.1', 'file:///etc/passwd', 'gopher://127.0.0.1',
        'HTTP://example.com', 'http:127.0.0.1', '//127.0.0.1', '127.0.0.1', 'https://user:pw@example.com', 'https://example.com/../x', 'https://example.com:99999')
    {
        my ($status, $out, $err) = case_run($case, '--set', "provider.base_url='$url'");
        is($status, 2, "$url is status 2") or diag $err;
        unlike($err, qr/$secret/, 'without what may be a password') if $url =~ /$secret/;
    }
    my $count = sandbox_counts($sandbox)->{payward}{requests};
    for my $url ("http://localhost:$sandbox->{port}/payward", "HTTP://127.0.0.1:$sandbox->{port}/payward") {
        my $other = case_new($sandbox, csv => csv_rows(1, 0, ++$count + 900), rows => 1, set => {'provider.base_url' => $url});
        my ($status, undef, $err) = case_run($other, '-q');
        is($status, 0, "$url is taken") or diag $err;
    }
};
sandbox_stop($sandbox);
done_testing;
