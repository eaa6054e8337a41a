# KycProxy: a forward proxy on loopback that connects every CONNECT, whatever its host, to one port of this machine: so a
# provider can have a host name that does not resolve.
#
#   my $proxy = proxy_start($sandbox->{tls_port});      # {port, pid, journal}; ended with the test
#   proxy_connections($proxy)                           # the number of connections through it
package KycProxy;

use strict;
use warnings;
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use KycTest;

our @EXPORT = qw(proxy_start proxy_connections);

# The head of a request, up to its empty line; undef when the client closes before that.
sub read_head
{
    my ($socket) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n\z/) {
        sysread $socket, $head, 1, length $head or return;
    }
    return $head;
}

sub write_all
{
    my ($socket, $bytes) = @_;
    while (length $bytes) {
        my $len = syswrite $socket, $bytes;
        return if !$len;
        substr $bytes, 0, $len, '';
    }
    return 1;
}

sub serve
{
    my ($listener, $target_port, $journal) = @_;
    my $select = IO::Select->new($listener);
    my %other;
    while (1) {
        for my $ready ($select->can_read) {
            if ($ready == $listener) {
                my $client = $listener->accept or next;
                my $head = read_head($client);
                next if !defined $head || $head !~ /^CONNECT /;
                my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $target_port);
                write_all($client, $server ? "HTTP/1.1 200 OK\r\n\r\n" : "HTTP/1.1 502 Bad Gateway\r\n\r\n");
                next if !$server;
                syswrite $journal, "connection\n";
                $select->add($client, $server);
                @other{$client, $server} = ($server, $client);
                next;
            }
            my $other = $other{$ready} or next;
            my $bytes;
            if (!sysread($ready, $bytes, 65536) || !write_all($other, $bytes)) {
                $select->remove($ready, $other);
                delete @other{$ready, $other};
                close $_ for $ready, $other;
            }
        }
    }
}

sub proxy_start
{
    my ($target_port) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, ReuseAddr => 1) or die "listen: $!";
    my $folder = scratch_folder();
    open my $journal, '>', "$folder/connections" or die "$folder: $!";
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        local $SIG{PIPE} = 'IGNORE';
        serve($listener, $target_port, $journal);
        POSIX::_exit(0);
    }
    test_process($pid);
    return {port => $listener->sockport, pid => $pid, folder => $folder, journal => "$folder/connections"};
}

sub proxy_connections { return scalar split /\n/, read_file($_[0]{journal}); }

1;
