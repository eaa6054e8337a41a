# KycHostile: a provider whose answers a test writes itself: raw bytes over real sockets, one process per connection.
#
#   my $server = hostile_start(sub { my ($socket, $head, $body) = @_; print {$socket} "HTTP/1.1 201 X\r\n..." });
#   my $case = case_new($server, rows => 2);        # in place of a sandbox
#   hostile_requests($server);                      # ("POST /payward/v1/users HTTP/1.1", ...), in the order of arrival
#   hostile_end($server);
#
# Only core modules of Perl.
package KycHostile;

use strict;
use warnings;
use Exporter 'import';
use Fcntl qw(:flock);
use IO::Socket::INET;
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
    # An endless answer must notice soon, not after megabytes, that the client has closed the connection.
    setsockopt $socket, SOL_SOCKET, SO_SNDBUF, pack 'i', 65536;
    my ($head, $body) = read_request($socket);
    return if !defined $head;
    open my $file, '>>', $journal or die "$journal: $!";
    flock $file, LOCK_EX;
    print {$file} $head =~ /\A(.*?)\r\n/, "\n";
    close $file;
    $reply->($socket, $head, $body);
    shutdown $socket, 1;
    # Read what the peer still sends: closing with unread input would reset the connection and lose our answer.
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
        journal => "$folder/requests", out => invented_credentials($tag)};
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
