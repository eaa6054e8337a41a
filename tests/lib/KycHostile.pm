# KycHostile: a provider that answers whatever a test wants: raw bytes over real sockets, a process a connection.
#
#   my $server = hostile_start(sub { my ($socket, $head, $body) = @_; print {$socket} "HTTP/1.1 201 X\r\n..." });
#   my $case = case_new($server, rows => 2);        # stands where a sandbox stands
#   hostile_requests($server);                      # ("POST /payward/v1/users HTTP/1.1", ...), in the order of arrival
#   hostile_end($server);
#
# The credentials are its own, so that no other test's lock is in the way. Perl's core modules alone.
package KycHostile;

use strict;
use warnings;
use Exporter 'import';
use Fcntl qw(:flock);
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Socket qw(SOL_SOCKET SO_SNDBUF);
use KycTest;

our @EXPORT = qw(hostile_start hostile_end hostile_requests hostile_forget hostile_answer);

my $owner = $$;
my %running;
my $number = 0;

# The bytes of an ordinary answer: hostile_answer(400, $body, 'Retry-After: 1').
sub hostile_answer
{
    my ($status, $body, @headers) = @_;
    return join "\r\n", "HTTP/1.1 $status X", 'Content-Length: ' . length($body), 'Connection: close', @headers, '', $body;
}

# Each kind of credential that a provider takes, as the sandbox prints it.
sub credentials
{
    my ($tag) = @_;
    my $secret = encode_base64("decoded-secret-$tag", '');
    return join '', map { "hostile: $_\n" }
        (map { "$_: api_key API-KEY-$_-$tag, api_secret $secret" } qw(payward kraken-embed)),
        "kira: api_key API-KEY-kira-$tag, client_id client-$tag, password pass+word/$tag",
        "payso: token TOKEN-$tag";
}

# One whole request: (head, body), or nothing when the connection ended.
sub read_request
{
    my ($socket) = @_;
    my ($head, $len, $body) = ('', 0, '');
    while (defined(my $line = readline $socket)) {
        $head .= $line;
        $len = $1 if $line =~ /^content-length: *(\d+)/i;
        last if $line eq "\r\n";
    }
    return if $head !~ /\r\n\r\n\z/;
    read $socket, $body, $len if $len;
    return ($head, $body);
}

sub serve
{
    my ($socket, $reply, $journal) = @_;
    local $SIG{PIPE} = 'IGNORE';
    $socket->autoflush(1);
    alarm 120;
    # What never ends must notice that nobody listens any more, and not after megabytes.
    setsockopt $socket, SOL_SOCKET, SO_SNDBUF, pack 'i', 65536;
    my ($head, $body) = read_request($socket);
    return if !defined $head;
    open my $file, '>>', $journal or die "$journal: $!";
    flock $file, LOCK_EX;
    print {$file} $head =~ /\A(.*?)\r\n/, "\n";
    close $file;
    $reply->($socket, $head, $body);
    shutdown $socket, 1;
    # What the peer still sends is read, or closing would reset what it has not read yet.
    alarm 5;
    1 while sysread $socket, my $rest, 65536;
}

# reply: called once a request, in a process of its own; the connection ends when it returns.
sub hostile_start
{
    my ($reply) = @_;
    my $listener = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!";
    my $tag = "$$-" . ++$number;
    my $folder = scratch_folder();
    my $server = {url => 'http://127.0.0.1:' . $listener->sockport, port => $listener->sockport, folder => $folder,
        journal => "$folder/requests", out => credentials($tag)};
    write_file($server->{journal}, '');
    $server->{pid} = fork;
    die "fork: $!" if !defined $server->{pid};
    if (!$server->{pid}) {
        $SIG{CHLD} = 'IGNORE';
        setpgrp;
        while (1) {
            my $socket = $listener->accept or next;
            next if fork;
            close $listener;
            serve($socket, $reply, $server->{journal});
            POSIX::_exit(0);
        }
    }
    $running{$server->{pid}} = 1;
    test_process($server->{pid});
    return $server;
}

sub hostile_end
{
    my ($server) = @_;
    delete $running{$server->{pid}} or return;
    kill 'KILL', -$server->{pid}, $server->{pid};
    waitpid $server->{pid}, 0;
}

# The request lines, so far.
sub hostile_requests { return split /\n/, read_file($_[0]{journal}); }
sub hostile_forget { write_file($_[0]{journal}, ''); }

END {
    if ($$ == $owner) {
        local $?;
        hostile_end({pid => $_}) for keys %running;
    }
}

1;
